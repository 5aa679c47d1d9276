/**
 * The buffer of one direction in which bytes are copied: small while little moves, for an open but
 * silent connection holds two of them; large while much does. Pure.
 *
 * @module
 */
import { RELAY_BUFFER_BYTES, RELAY_SMALL_BUFFER_BYTES } from "./limits.ts";

/** Makes the buffer to begin with. */
export function makeRelayBuffer(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(RELAY_SMALL_BUFFER_BYTES);
}

/**
 * Returns the buffer to read into next: a full buffer asks for a large one, an almost empty large one
 * for a small one.
 *
 * @param count Bytes that the last read put into `buffer`; nobody needs them any more.
 */
export function fitRelayBuffer(
  buffer: Uint8Array<ArrayBuffer>,
  count: number,
): Uint8Array<ArrayBuffer> {
  if (count === buffer.length && count < RELAY_BUFFER_BYTES) {
    return new Uint8Array(RELAY_BUFFER_BYTES);
  }
  if (count <= RELAY_SMALL_BUFFER_BYTES && buffer.length > RELAY_SMALL_BUFFER_BYTES) {
    return makeRelayBuffer();
  }
  return buffer;
}
