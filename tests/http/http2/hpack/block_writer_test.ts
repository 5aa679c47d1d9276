import assert from "node:assert/strict";
import { BlockWriter, FieldError } from "../../../../lib/http/http2/hpack/block_writer.ts";
import { encodeInteger, encodeText } from "../../../support/http2_frames.ts";

function write(work: (writer: BlockWriter) => void): number[] {
  const target = new Uint8Array(1024).fill(0xee);
  const writer = new BlockWriter();
  writer.begin(target, 3);
  work(writer);
  assert.deepEqual([...target.subarray(0, 3)], [0xee, 0xee, 0xee]);
  assert.equal(target[writer.at], 0xee);
  const written = [...target.subarray(3, writer.at)];
  writer.end();
  return written;
}

Deno.test("BlockWriter: RFC 7541 C.1, integers", () => {
  assert.deepEqual(write((writer) => writer.integer(0, 0x1f, 10)), [0x0a]);
  assert.deepEqual(write((writer) => writer.integer(0, 0x1f, 1337)), [0x1f, 0x9a, 0x0a]);
  assert.deepEqual(write((writer) => writer.integer(0, 0xff, 42)), [0x2a]);
});

Deno.test("BlockWriter: integers of every prefix, around each limit", () => {
  for (const bits of [4, 5, 6, 7]) {
    const most = 2 ** bits - 1;
    const pattern = 2 ** bits;
    for (const edge of [0, most, most + 128, most + 128 ** 2, most + 128 ** 3, 2 ** 28 - 1]) {
      for (const value of [edge - 1, edge, edge + 1]) {
        if (value < 0 || value >= 2 ** 28) continue;
        const bytes = write((writer) => writer.integer(pattern, most, value));
        assert.deepEqual(bytes, encodeInteger(value, bits, pattern), `${value} in ${bits}`);
        assert.ok(bytes.length <= 5);
      }
    }
  }
});

Deno.test("BlockWriter: texts with their length, and what was written last as one of its own", () => {
  for (
    const text of ["", "a", "caf\xe9\t\x80\xff", "x".repeat(126), "x".repeat(127), "y".repeat(300)]
  ) {
    const bytes = write((writer) => {
      writer.text(text);
      assert.equal(writer.lastText(text.length), text);
    });
    assert.deepEqual(bytes, encodeText(text));
  }
});

Deno.test("BlockWriter: characters that stand in no field value are an error", () => {
  for (let code = 0; code < 0x200; code++) {
    const isFit = (code >= 0x20 && code <= 0xff && code !== 0x7f) || code === 0x09;
    const text = () => write((writer) => writer.text(`a${String.fromCharCode(code)}b`));
    if (isFit) text();
    else assert.throws(text, FieldError, `0x${code.toString(16)}`);
  }
  for (const text of ["\u0120", "\u2028", "\ud83d\ude00", "\u0a00"]) {
    assert.throws(() => write((writer) => writer.text(text)), FieldError);
  }
});
