/**
 * The Huffman code of RFC 7541 Appendix B. Plain data. Pure.
 *
 * @module
 */

/** Ends no string: it is only there to be cut short for padding (§5.2). */
export const END_OF_STRING = 256;

/** Bits of the code of each byte, and of {@linkcode END_OF_STRING}. */
// deno-fmt-ignore
export const HUFFMAN_CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

/**
 * Computes the codes: the code is canonical, so that its lengths tell all of it. Shorter codes come
 * first, and among those of one length the lower byte.
 *
 * @returns By symbol; the code stands in the lowest bits.
 */
export function huffmanCodes(): Uint32Array {
  const codes = new Uint32Array(HUFFMAN_CODE_BITS.length);
  const longest = Math.max(...HUFFMAN_CODE_BITS);
  let code = 0;
  for (let bits = 1; bits <= longest; bits++) {
    for (let symbol = 0; symbol < codes.length; symbol++) {
      if (HUFFMAN_CODE_BITS[symbol] === bits) codes[symbol] = code++;
    }
    code *= 2;
  }
  return codes;
}
