import assert from "node:assert/strict";
import { ByteReader } from "../../lib/tls/byte_reader.ts";

Deno.test("ByteReader reads numbers, texts and vectors in order", () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3, 0x68, 0xff, 2, 9, 8, 0, 1, 7), 0);
  assert.equal(reader.uint8(), 1);
  assert.equal(reader.uint16(), 0x0203);
  assert.equal(reader.text(2), "h\u00ff");
  const inner = reader.vector(1);
  assert.deepEqual([inner.remaining, inner.uint16(), inner.remaining], [2, 0x0908, 0]);
  assert.equal(reader.vector(2).uint8(), 7);
  assert.deepEqual([reader.remaining, reader.failed], [0, false]);
});

Deno.test("ByteReader starts where it is told to", () => {
  assert.equal(new ByteReader(Uint8Array.of(1, 2, 3), 2).uint8(), 3);
});

Deno.test("ByteReader fails for good on every read past the end, and gives zeros", () => {
  const reads: [string, (reader: ByteReader) => unknown, unknown][] = [
    ["uint8", (reader) => (reader.skip(2), reader.uint8()), 0],
    ["uint16", (reader) => (reader.skip(1), reader.uint16()), 0],
    ["text", (reader) => reader.text(3), ""],
    ["vector", (reader) => reader.vector(1).remaining, 0],
    ["take", (reader) => reader.take(3).remaining, 0],
    ["skip", (reader) => reader.skip(3), undefined],
  ];
  for (const [name, read, expected] of reads) {
    const reader = new ByteReader(Uint8Array.of(5, 6));
    assert.equal(read(reader), expected, name);
    assert.deepEqual([reader.failed, reader.remaining, reader.uint8()], [true, 0, 0], name);
  }
});

Deno.test("ByteReader of a vector cannot reach the bytes behind it", () => {
  const reader = new ByteReader(Uint8Array.of(1, 9, 8, 7));
  const inner = reader.vector(1);
  assert.equal(inner.uint16(), 0);
  assert.deepEqual([inner.failed, reader.failed, reader.uint8()], [true, false, 8]);
});
