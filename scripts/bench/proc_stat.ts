/**
 * What Linux tells about a process in `/proc/PID/…` (proc(5)): CPU time, children, memory. Pure.
 *
 * @module
 */

/**
 * Milliseconds of one clock tick, the unit of `/proc/PID/stat`. USER_HZ is 100 on every architecture
 * that Deno runs on.
 */
export const TICK_MS = 10;

/**
 * Parses the text of `/proc/PID/stat`.
 *
 * @returns Milliseconds of CPU of all threads, ended ones included, in user and in kernel mode.
 * @throws {Error} If the text is something else.
 */
export function parseCpuMs(stat: string): number {
  // The program's name stands in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // The first of them is field 3; utime is field 14 and stime field 15.
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isSafeInteger(ticks)) throw new Error(`Not the text of /proc/PID/stat: ${stat}`);
  return ticks * TICK_MS;
}

/** Parses the text of `/proc/PID/task/TID/children`: process ids with spaces between them. */
export function parseChildren(children: string): number[] {
  return children.split(/\s+/).filter((word) => word !== "").map(Number);
}

/**
 * Parses the text of `/proc/PID/smaps_rollup`.
 *
 * @returns KiB of the process that lie in memory; of pages shared by n processes, an n-th. Pages of files
 * are left out: program code belongs to no connection, and how many processes share it changes with
 * whatever else runs.
 * @throws {Error} If the text does not say so.
 */
export function parseProportionalKib(smaps: string): number {
  const read = (name: string) => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(smaps);
    if (match !== null) return Number(match[1]);
    throw new Error(`Not the text of /proc/PID/smaps_rollup: ${name} is missing`);
  };
  return read("Pss") - read("Pss_File");
}

/**
 * Parses the text of `/proc/PID/status`.
 *
 * @returns KiB of the process that lie in memory.
 * @throws {Error} If the text does not say so.
 */
export function parseResidentKib(status: string): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  if (match === null) throw new Error("Not the text of /proc/PID/status: VmRSS is missing");
  return Number(match[1]);
}
