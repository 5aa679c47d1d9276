/**
 * Reads a file that the configuration names. Only regular files, for opening a pipe would wait for a
 * writer, and no more than is expected, for a device has no end. Does I/O.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { errorText } from "./failures.ts";

const PIECE_BYTES = 64 * 1024;

/**
 * Reads a whole file.
 *
 * @param maxBytes Larger files are refused.
 * @throws {Error} If it cannot be read; the message says why in a few words and does not name the file.
 */
export async function readUserFile(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    if (!(await Deno.stat(path)).isFile) throw new Error("not a regular file");
    using file = await Deno.open(path);
    const pieces: Uint8Array[] = [];
    // By what is read, not by what the file system says: a file may grow, and those of /proc have no size.
    for (let total = 0; total <= maxBytes;) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, maxBytes - total + 1));
      const count = await file.read(piece);
      if (count === null) return Buffer.concat(pieces);
      pieces.push(piece.subarray(0, count));
      total += count;
    }
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error });
  }
  throw new Error(`larger than ${maxBytes} bytes`);
}

/** Reads a whole file as {@linkcode readUserFile} does, as UTF-8. */
export async function readUserText(path: string, maxBytes: number): Promise<string> {
  return new TextDecoder().decode(await readUserFile(path, maxBytes));
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return errorText(error);
}
