/**
 * How many descriptors this process holds. `/proc/self/fd` may be read with all permissions only, so
 * another program looks.
 *
 * @module
 */

/** Counts open descriptors; undefined where there is no /proc. */
export async function countDescriptors(): Promise<number | undefined> {
  const ls = new Deno.Command("ls", {
    args: [`/proc/${Deno.pid}/fd`],
    stdout: "piped",
    stderr: "null",
  });
  const { success, stdout } = await ls.output();
  return success ? new TextDecoder().decode(stdout).trim().split("\n").length : undefined;
}
