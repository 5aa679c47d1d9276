/**
 * One process per state folder: two would register two accounts and order every certificate twice.
 * The lock is the kernel's (flock) and ends with the process, however it ends. Does I/O.
 *
 * @module
 */
import { join } from "node:path";
import { StateError } from "./state_error.ts";

/**
 * Takes the lock of a folder, without waiting.
 *
 * @returns Disposing of it gives the lock back.
 * @throws {StateError} If another process, or another store of this one, has it; kind `busy`.
 */
export async function lockFolder(folder: string): Promise<Disposable> {
  const path = join(folder, ".lock");
  const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  try {
    if (!await file.tryLock(true)) throw await busy(folder, file);
    await writePid(file);
  } catch (error) {
    file.close();
    throw error;
  }
  return { [Symbol.dispose]: () => file.close() };
}

/** The number only helps people; the lock does not depend on it, so a full disk does not matter. */
async function writePid(file: Deno.FsFile): Promise<void> {
  try {
    await file.truncate();
    await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
  } catch {
    // As above.
  }
}

async function busy(folder: string, file: Deno.FsFile): Promise<StateError> {
  const bytes = new Uint8Array(16);
  const length = await file.read(bytes) ?? 0;
  const pid = /^\d+/.exec(new TextDecoder().decode(bytes.subarray(0, length)))?.[0];
  const who = pid === undefined ? "another process uses it" : `process ${pid} uses it`;
  return new StateError("busy", `Cannot open the state folder "${folder}": ${who}`, {
    path: folder,
    hint: 'stop the other Postern, or give this one a folder of its own with "state:"',
  });
}
