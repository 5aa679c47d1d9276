import assert from "node:assert/strict";
import {
  END_OF_STRING,
  HUFFMAN_CODE_BITS,
  huffmanCodes,
} from "../../../../lib/http/http2/hpack/huffman_code.ts";
import { HUFFMAN_TEXTS } from "../../../support/slow_hpack.ts";

Deno.test("HUFFMAN_CODE_BITS: 256 bytes and the end, and together they are a whole code", () => {
  assert.equal(HUFFMAN_CODE_BITS.length, END_OF_STRING + 1);
  // Kraft's sum: nothing is left over, and no code is the start of another one.
  assert.equal(HUFFMAN_CODE_BITS.reduce((sum, bits) => sum + 2 ** -bits, 0), 1);
  const texts = HUFFMAN_TEXTS.toSorted();
  for (let at = 1; at < texts.length; at++) {
    assert.equal(texts[at].startsWith(texts[at - 1]), false, texts[at]);
  }
});

/** As RFC 7541 Appendix B has them: the first and the last code of each length. */
const CODES: readonly (readonly [symbol: number, code: number, bits: number])[] = [
  [0x30, 0x0, 5],
  [0x74, 0x9, 5],
  [0x20, 0x14, 6],
  [0x75, 0x2d, 6],
  [0x3a, 0x5c, 7],
  [0x7a, 0x7b, 7],
  [0x26, 0xf8, 8],
  [0x5a, 0xfd, 8],
  [0x21, 0x3f8, 10],
  [0x3f, 0x3fc, 10],
  [0x27, 0x7fa, 11],
  [0x7c, 0x7fc, 11],
  [0x23, 0xffa, 12],
  [0x3e, 0xffb, 12],
  [0x00, 0x1ff8, 13],
  [0x7e, 0x1ffd, 13],
  [0x5e, 0x3ffc, 14],
  [0x7d, 0x3ffd, 14],
  [0x3c, 0x7ffc, 15],
  [0x7b, 0x7ffe, 15],
  [0x5c, 0x7fff0, 19],
  [0xd0, 0x7fff2, 19],
  [0x80, 0xfffe6, 20],
  [0xe2, 0xfffed, 20],
  [0x99, 0x1fffdc, 21],
  [0xe5, 0x1fffe7, 21],
  [0x81, 0x3fffd2, 22],
  [0xe9, 0x3fffeb, 22],
  [0x01, 0x7fffd8, 23],
  [0xef, 0x7ffff4, 23],
  [0x09, 0xffffea, 24],
  [0xed, 0xfffff5, 24],
  [0xc7, 0x1ffffec, 25],
  [0xeb, 0x1ffffef, 25],
  [0xc0, 0x3ffffe0, 26],
  [0xff, 0x3ffffee, 26],
  [0xcb, 0x7ffffde, 27],
  [0xfe, 0x7fffff0, 27],
  [0x02, 0xfffffe2, 28],
  [0xf9, 0xffffffe, 28],
  [0x0a, 0x3ffffffc, 30],
  [END_OF_STRING, 0x3fffffff, 30],
];

Deno.test("huffmanCodes: RFC 7541 Appendix B, the first and the last code of each length", () => {
  const codes = huffmanCodes();
  assert.deepEqual(
    CODES.map(([symbol]) => [symbol, codes[symbol], HUFFMAN_CODE_BITS[symbol]]),
    CODES,
  );
});
