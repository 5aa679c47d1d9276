/**
 * A part of some bytes, given by indices: a parser that goes from index to index needs no view and no
 * reader for each vector it meets. Each function says which indices it may be given. Pure.
 * Input comes from strangers.
 *
 * @module
 */

/** The bytes from `start` on, up to and without `end`. */
export interface ByteSpan {
  readonly bytes: Uint8Array;
  /** 0 to `end`. */
  readonly start: number;
  /** `start` to `bytes.length`. */
  readonly end: number;
}

/**
 * Where a vector ends that does not fit: behind all bytes, so that a parser asks once after several
 * vectors. A vector said to begin there does not fit either.
 */
const CUT_SHORT = 0x3fff_ffff;

/** Returns two bytes as a number, most significant first. @param at 0 to `bytes.length - 2`. */
export function uint16At(bytes: Uint8Array, at: number): number {
  return bytes[at] << 8 | bytes[at + 1];
}

/**
 * Finds the end of a vector with a length of one byte (RFC 8446 §3.4).
 *
 * @param at Where its length is, 0 or more; `span.start` does not matter.
 * @returns Where it ends; more than `span.end` if that cuts it short.
 */
export function vector8End(span: ByteSpan, at: number): number {
  return at + 1 > span.end ? CUT_SHORT : at + 1 + span.bytes[at];
}

/** Finds the end of a vector with a length of two bytes, as {@linkcode vector8End} does. */
export function vector16End(span: ByteSpan, at: number): number {
  return at + 2 > span.end ? CUT_SHORT : at + 2 + uint16At(span.bytes, at);
}

/** Returns the bytes as text, one character for each. Meant for up to 255 of them. */
export function spanText({ bytes, start, end }: ByteSpan): string {
  // Through an array: a view of the bytes takes more time and memory than the text.
  const codes = new Array<number>(end - start);
  for (let at = start; at < end; at++) codes[at - start] = bytes[at];
  return String.fromCharCode.apply(undefined, codes);
}
