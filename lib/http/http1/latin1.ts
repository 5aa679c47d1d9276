/**
 * Text of one character per byte, which is what heads are made of. `TextDecoder("latin1")` will not
 * do: it is windows-1252 by the Encoding standard, so that 0x80 to 0x9F come back as other bytes.
 * Pure.
 *
 * @module
 */
import { Buffer } from "node:buffer";

const encoder = new TextEncoder();

/** Decodes bytes up to `end`: each becomes the character of the same number. */
export function decodeLatin1(bytes: Uint8Array, end: number = bytes.length): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, end);
}

/** Encodes text whose characters are all below U+0100; the caller has checked that. */
export function encodeLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  writeLatin1(text, bytes);
  return bytes;
}

/**
 * Encodes like {@linkcode encodeLatin1}, into memory of the caller's.
 *
 * @param bytes As long as the text: what lies behind it could be overwritten.
 */
export function writeLatin1(text: string, bytes: Uint8Array): void {
  // UTF-8 is the same for ASCII, and the quickest way; where it is not, it runs out of room.
  const { read, written } = encoder.encodeInto(text, bytes);
  if (read !== text.length || written !== text.length) {
    for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  }
}
