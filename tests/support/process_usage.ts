/**
 * What a process holds, asked of the system's own tools: reading `/proc` by ourselves would need all
 * permissions. Linux. Does I/O.
 *
 * @module
 */

/** Counts the open descriptors of a process. */
export async function countDescriptors(pid: number): Promise<number> {
  const names = await outputOf("ls", [`/proc/${pid}/fd`]);
  return names.split("\n").filter((name) => name !== "").length;
}

/**
 * Waits until a process has at most `max` open descriptors.
 *
 * @throws {Error} If it still has more after thirty seconds.
 */
export async function untilDescriptors(pid: number, max: number): Promise<void> {
  const endsAt = performance.now() + 30_000;
  for (;;) {
    const open = await countDescriptors(pid);
    if (open <= max) return;
    if (performance.now() > endsAt) throw new Error(`${open} descriptors open, expected ${max}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Returns how many descriptors a process may have open; Infinity for no limit. */
export function readDescriptorLimit(): number {
  const { stdout } = new Deno.Command("sh", { args: ["-c", "ulimit -Hn"] }).outputSync();
  const limit = Number(new TextDecoder().decode(stdout));
  return Number.isNaN(limit) ? Infinity : limit; // "unlimited"
}

/** Returns the resident memory of a process in MiB. */
export async function residentMib(pid: number): Promise<number> {
  return Number(await outputOf("ps", ["-o", "rss=", "-p", String(pid)])) / 1024;
}

async function outputOf(command: string, args: string[]): Promise<string> {
  const { stdout, success } = await new Deno.Command(command, { args, stderr: "null" }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")} failed: has the process ended?`);
  return new TextDecoder().decode(stdout);
}
