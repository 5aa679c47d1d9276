/**
 * Writes the chunked transfer coding (RFC 9112 §7.1), without extensions and trailers. Pure.
 *
 * @module
 */
import { encodeLatin1 } from "./latin1.ts";

/** Ends a chunked body. Written only when the body has really ended: without it, it counts as cut. */
export const LAST_CHUNK: Uint8Array = encodeLatin1("0\r\n\r\n");

const CR = 0x0d;
const LF = 0x0a;

/**
 * Encodes one chunk. The bytes are copied: one write of one piece costs less than three writes.
 *
 * @param bytes At least one; an empty chunk would end the body.
 * @throws {RangeError} If there are none.
 */
export function encodeChunk(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length === 0) throw new RangeError("Cannot encode an empty chunk: it ends the body");
  const size = encodeLatin1(`${bytes.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(size.length + bytes.length + 2);
  chunk.set(size);
  chunk.set(bytes, size.length);
  chunk[chunk.length - 2] = CR;
  chunk[chunk.length - 1] = LF;
  return chunk;
}
