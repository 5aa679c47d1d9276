/**
 * Replaces a file as a whole: a temporary file beside it, fsync, rename, fsync of the folder. After a
 * crash or on a full disk there is the old content or the new, never a mixture. Does I/O.
 *
 * @module
 */
import { dirname, join } from "node:path";

/** Only their owner reads keys. */
const FILE_MODE = 0o600;

/** Says whether a file name is that of a temporary file that a crash may have left. */
export function isTemporaryName(fileName: string): boolean {
  return /^\.postern-[0-9a-f-]{36}\.tmp$/.test(fileName);
}

/**
 * Writes `bytes` to `path`, readable by the owner only.
 *
 * @throws {Error} Of the file system; `path` is then as it was, unless only the last fsync failed.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.postern-${crypto.randomUUID()}.tmp`);
  try {
    await writeNewFile(temporary, bytes);
    await Deno.rename(temporary, path);
  } catch (error) {
    // The first error is the one to tell; what stays behind is removed at the next open.
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

/** Makes new, renamed and removed names of a folder last over a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  using handle = await Deno.open(folder, { read: true });
  await handle.sync();
}

async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  // The mode stands at creation: no moment in which others could open it.
  using file = await Deno.open(path, { write: true, createNew: true, mode: FILE_MODE });
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
  await file.sync();
}
