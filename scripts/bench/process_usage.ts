/**
 * CPU time and memory of a program with its child processes, as a proxy's master and its workers.
 * Does I/O: `/proc` is read through `cat`, since Deno itself reads `/proc/PID` only with all permissions.
 *
 * @module
 */
import {
  parseChildren,
  parseCpuMs,
  parseProportionalKib,
  parseResidentKib,
  TICK_MS,
} from "./proc_stat.ts";

/** Two readings this far apart must agree before a proxy counts as done with its work. */
const SETTLE_PAUSE_MS = 100;

/** A proxy that never comes to rest is measured all the same. */
const SETTLE_READINGS_MAX = 30;

/** Returns the milliseconds of CPU the program and its children have used so far. */
export async function readCpuMs(pid: number): Promise<number> {
  return await sumOverTree(pid, async (each) => parseCpuMs(await readText(`/proc/${each}/stat`)));
}

/**
 * Waits until the program rests, that is until it has closed what it had to close, and returns the
 * milliseconds of CPU so far.
 */
export async function readSettledCpuMs(pid: number): Promise<number> {
  let last = await readCpuMs(pid);
  for (let reading = 0; reading < SETTLE_READINGS_MAX; reading++) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_PAUSE_MS));
    const next = await readCpuMs(pid);
    if (next - last <= TICK_MS) return next;
    last = next;
  }
  return last;
}

/** Returns the KiB of the program and its children that lie in memory; shared pages count twice. */
export async function readResidentKib(pid: number): Promise<number> {
  return await sumOverTree(
    pid,
    async (each) => parseResidentKib(await readText(`/proc/${each}/status`)),
  );
}

/** Returns the KiB of the program and its children that lie in memory; shared pages count once, files not. */
export async function readProportionalKib(pid: number): Promise<number> {
  return await sumOverTree(
    pid,
    async (each) => parseProportionalKib(await readText(`/proc/${each}/smaps_rollup`)),
  );
}

/** Returns the ids of the program and of its children, theirs included. */
export async function listTree(pid: number): Promise<number[]> {
  const children = parseChildren(await readText(`/proc/${pid}/task/${pid}/children`));
  return [pid, ...(await Promise.all(children.map(listTree))).flat()];
}

async function sumOverTree(pid: number, read: (pid: number) => Promise<number>): Promise<number> {
  let sum = 0;
  for (const each of await listTree(pid)) sum += await read(each);
  return sum;
}

async function readText(path: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("cat", { args: [path] }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot read ${path}: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout);
}
