/**
 * Writes the chunked transfer coding (RFC 9112 §7.1) around bytes where they lie, without extensions.
 * Pure.
 *
 * @module
 */
import type { HeaderLine } from "../message.ts";
import { encodeLatin1 } from "./latin1.ts";
import { isTrailerAllowed } from "./trailer_fields.ts";

/** Room to be left before the data: a size of 8 hex digits (4 GiB) and its line end. */
export const CHUNK_START_MAX_BYTES = 10;

/** Room to be left behind the data: the line end. */
export const CHUNK_END_BYTES = 2;

/** Ends a chunked body. Written only when the body has really ended: without it, it counts as cut. */
const LAST_CHUNK: Uint8Array = encodeLatin1("0\r\n\r\n");

const CR = 0x0d;
const LF = 0x0a;

/**
 * Makes a chunk of the bytes that lie at `start`, by writing the size before and a line end behind
 * them: nothing is copied, and one write sends it.
 *
 * @param start At least {@linkcode CHUNK_START_MAX_BYTES}.
 * @param count At least one; an empty chunk would end the body.
 * @returns Where the chunk begins; it ends {@linkcode CHUNK_END_BYTES} behind the data.
 * @throws {RangeError} If there are no bytes, or no room around them.
 */
export function frameChunk(buffer: Uint8Array, start: number, count: number): number {
  if (count === 0) throw new RangeError("Cannot frame an empty chunk: it ends the body");
  const end = start + count;
  if (start < CHUNK_START_MAX_BYTES || end + CHUNK_END_BYTES > buffer.length) {
    throw new RangeError("Cannot frame a chunk: no room around it");
  }
  buffer[end] = CR;
  buffer[end + 1] = LF;
  buffer[start - 2] = CR;
  buffer[start - 1] = LF;
  const digits = count.toString(16);
  const chunkStart = start - 2 - digits.length;
  for (let at = 0; at < digits.length; at++) buffer[chunkStart + at] = digits.charCodeAt(at);
  return chunkStart;
}

/**
 * Returns the end of a chunked body: the last chunk and the trailer section (RFC 9112 §7.1.2).
 * Lines that have no place in one are left out; see `isTrailerAllowed`.
 *
 * @param headers Of the same message: what it has said in its head, its trailers cannot say otherwise.
 */
export function encodeLastChunk(
  trailers: readonly HeaderLine[],
  headers: readonly HeaderLine[],
): Uint8Array {
  if (trailers.length === 0) return LAST_CHUNK;
  let text = "0\r\n";
  for (const [name, value] of trailers) {
    if (isTrailerAllowed(name, value, headers)) text += `${name}: ${value}\r\n`;
  }
  return encodeLatin1(`${text}\r\n`);
}
