/**
 * How many descriptors this process holds. `/proc/self/fd` may be read with all permissions only, so
 * another program looks.
 *
 * @module
 */

/** How many of a kind. */
export interface DescriptorCount {
  readonly sockets: number;
  /** Both ends. */
  readonly pipes: number;
  readonly others: number;
}

/** Counts open descriptors; undefined where there is no /proc. */
export async function countDescriptors(): Promise<number | undefined> {
  const count = await countKinds();
  return count && count.sockets + count.pipes + count.others;
}

/** The same by kind. */
export async function countKinds(): Promise<DescriptorCount | undefined> {
  const ls = new Deno.Command("ls", {
    args: ["-l", `/proc/${Deno.pid}/fd`],
    stdout: "piped",
    stderr: "null",
  });
  const { code, stdout } = await ls.output();
  // 1 says that a descriptor was closed while it looked.
  if (code > 1) return undefined;
  const targets = new TextDecoder().decode(stdout).split("\n")
    .flatMap((line) => line.includes(" -> ") ? [line.split(" -> ")[1]] : []);
  const count = (kind: string) => targets.filter((target) => target.startsWith(kind)).length;
  const [sockets, pipes] = [count("socket:"), count("pipe:")];
  return { sockets, pipes, others: targets.length - sockets - pipes };
}
