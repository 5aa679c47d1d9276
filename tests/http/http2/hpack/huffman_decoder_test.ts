import assert from "node:assert/strict";
import {
  huffmanBytesMax,
  HuffmanDecoder,
} from "../../../../lib/http/http2/hpack/huffman_decoder.ts";
import { decodeHuffman, huffmanBytes } from "../../../support/slow_hpack.ts";
import { Random } from "../../../support/random.ts";

const decoder = new HuffmanDecoder();

function decode(bytes: readonly number[]): string | undefined {
  const target = new Uint8Array(huffmanBytesMax(bytes.length));
  const length = decoder.decode(
    Uint8Array.from([0x55, ...bytes, 0x55]),
    { from: 1, to: bytes.length + 1 },
    target,
  );
  return length === undefined ? undefined : String.fromCharCode(...target.subarray(0, length));
}

Deno.test("HuffmanDecoder: every byte, alone and between others", () => {
  for (let code = 0; code < 256; code++) {
    const byte = String.fromCharCode(code);
    for (const text of [byte, `a${byte}`, `${byte}!`, `00${byte}00`, byte.repeat(9)]) {
      assert.equal(decode(huffmanBytes(text)), text, `0x${code.toString(16)}`);
    }
  }
});

Deno.test("HuffmanDecoder: RFC 7541 Appendix C.4 and C.6", () => {
  const vectors = [
    ["f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"],
    ["a8eb10649cbf", "no-cache"],
    ["25a849e95ba97d7f", "custom-key"],
    ["25a849e95bb8e8b4bf", "custom-value"],
    ["6402", "302"],
    ["aec3771a4b", "private"],
    ["d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"],
    ["640eff", "307"],
    ["9bd9ab", "gzip"],
    [
      "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
      "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
    ],
  ];
  for (const [hex, text] of vectors) assert.equal(decode([...Uint8Array.fromHex(hex)]), text);
});

/** Bits and whether they are a string: `a` is 00011. */
const ENDINGS: readonly (readonly [what: string, bits: string, text: string | undefined])[] = [
  ["nothing", "", ""],
  ["three ones", "00011 111", "a"],
  ["no padding", "00011 00011 00011 00011 00011 00011 00011 00011", "aaaaaaaa"],
  ["seven ones", "1011100 01001 01001 1111111", ":tt"],
  ["a zero in the padding", "00011 110", undefined],
  ["padding of zeros", "00011 000", undefined],
  ["eight ones", "11111000 11111111", undefined],
  ["nothing but eight ones", "11111111", undefined],
  ["sixteen ones", "11111000 11111111 11111111", undefined],
  ["a code that breaks off", "11111111 11101010", undefined],
  ["the end of string", "1".repeat(30) + "11", undefined],
  ["the end of string, then a byte", "1".repeat(30) + "00011" + "11111", undefined],
  ["the end of string behind a byte", "00011" + "1".repeat(30) + "11111", undefined],
];
for (const [what, bits, text] of ENDINGS) {
  Deno.test(`HuffmanDecoder: RFC 7541 §5.2, ${what} is ${text === undefined ? "" : "no "}error`, () => {
    const tight = bits.replaceAll(" ", "");
    const bytes = (tight.match(/.{1,8}/g) ?? []).map((byte) => parseInt(byte.padEnd(8, "1"), 2));
    assert.equal(decode(bytes), text);
  });
}

Deno.test("HuffmanDecoder: what follows the string or stands before it does not count", () => {
  const bytes = Uint8Array.from([0xff, 0xff, ...huffmanBytes("abc"), 0x00]);
  const target = new Uint8Array(9);
  assert.equal(decoder.decode(bytes, { from: 2, to: bytes.length - 1 }, target), 3);
  assert.equal(String.fromCharCode(...target.subarray(0, 3)), "abc");
});

Deno.test("HuffmanDecoder: huffmanBytesMax is enough for the shortest codes", () => {
  for (let length = 0; length < 64; length++) {
    const coded = huffmanBytes("0".repeat(length));
    assert.ok(huffmanBytesMax(coded.length) > length);
    assert.equal(decode(coded), "0".repeat(length));
  }
});

const SEED = 75_412;
Deno.test(`HuffmanDecoder: says the same of random bytes as a slow one, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const counts = { text: 0, error: 0 };
  const slow = (bytes: readonly number[]) => {
    try {
      return decodeHuffman(bytes);
    } catch {
      return undefined;
    }
  };
  for (let round = 0; round < 20_000; round++) {
    const length = random.below(random.pick([2, 5, 12]));
    const bytes = Array.from({ length }, () => random.below(4) === 0 ? 0xff : random.below(256));
    const text = slow(bytes);
    assert.equal(decode(bytes), text, bytes.join());
    counts[text === undefined ? "error" : "text"]++;
  }
  assert.ok(counts.text > 2_000 && counts.error > 2_000, JSON.stringify(counts));
});
