/**
 * Finds the version in what programs print when they are asked for it. Pure.
 *
 * @module
 */

/** Returns the first version number of a text (`nginx version: nginx/1.22.1`), or `unknown`. */
export function findVersion(text: string): string {
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? "unknown";
}

/** Returns the processor's name out of `/proc/cpuinfo`; a few architectures give none. */
export function findCpuModel(cpuinfo: string): string {
  const name = /^model name\s*:\s*(.+)$/m.exec(cpuinfo) ?? /^Model\s*:\s*(.+)$/m.exec(cpuinfo);
  return name?.[1].trim() ?? "unknown processor";
}

/** Returns how many processors `/proc/cpuinfo` lists. */
export function countCpus(cpuinfo: string): number {
  return cpuinfo.match(/^processor\s*:/gm)?.length ?? 0;
}
