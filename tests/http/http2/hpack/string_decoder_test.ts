import assert from "node:assert/strict";
import { StringDecoder } from "../../../../lib/http/http2/hpack/string_decoder.ts";
import { huffmanBytes } from "../../../support/slow_hpack.ts";

const ALL = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");

function decode(text: string, isHuffman: boolean): string | undefined {
  const bytes = isHuffman ? huffmanBytes(text) : Array.from(text, (each) => each.charCodeAt(0));
  const block = Uint8Array.from([0xff, ...bytes, 0xff]);
  return new StringDecoder().decode(block, { from: 1, to: block.length - 1, isHuffman });
}

for (const isHuffman of [false, true]) {
  const how = isHuffman ? "Huffman-coded" : "as it is";
  Deno.test(`StringDecoder: one character per byte, whatever the byte, ${how}`, () => {
    assert.equal(decode(ALL, isHuffman), ALL);
  });

  Deno.test(`StringDecoder: strings below, at and above the size of its memory, ${how}`, () => {
    for (const length of [0, 1, 4094, 4095, 4096, 4097, 6553, 20_000]) {
      const text = "0a".repeat(length).slice(0, length);
      assert.equal(decode(text, isHuffman), text, `${length}`);
    }
  });
}

Deno.test("StringDecoder: nothing of a string is left in the next one", () => {
  const decoder = new StringDecoder();
  const read = (text: string) => {
    const block = Uint8Array.from(text, (each) => each.charCodeAt(0));
    return decoder.decode(block, { from: 0, to: block.length, isHuffman: false });
  };
  const long = read("long and secret");
  assert.equal(read("ab"), "ab");
  assert.equal(long, "long and secret");
});

Deno.test("StringDecoder: a broken Huffman code is none", () => {
  const block = Uint8Array.of(0xff, 0xff);
  assert.equal(
    new StringDecoder().decode(block, { from: 0, to: 2, isHuffman: true }),
    undefined,
  );
});
