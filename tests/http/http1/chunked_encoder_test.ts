import assert from "node:assert/strict";
import { ChunkedDecoder } from "../../../lib/http/http1/chunked_decoder.ts";
import {
  CHUNK_END_BYTES,
  CHUNK_START_MAX_BYTES,
  encodeLastChunk,
  frameChunk,
} from "../../../lib/http/http1/chunked_encoder.ts";
import { decodeLatin1 } from "../../../lib/http/http1/latin1.ts";

/** A buffer with `data` in the middle, and where that begins. */
function around(data: Uint8Array): { buffer: Uint8Array; start: number } {
  const buffer = new Uint8Array(CHUNK_START_MAX_BYTES + data.length + CHUNK_END_BYTES).fill(0x2a);
  buffer.set(data, CHUNK_START_MAX_BYTES);
  return { buffer, start: CHUNK_START_MAX_BYTES };
}

function frame(data: Uint8Array): Uint8Array {
  const { buffer, start } = around(data);
  return buffer.subarray(frameChunk(buffer, start, data.length));
}

Deno.test("frameChunk: size in hex, data, line end, and nothing else is written", () => {
  const text = (data: string) => new TextEncoder().encode(data);
  assert.equal(decodeLatin1(frame(text("hello"))), "5\r\nhello\r\n");
  assert.equal(decodeLatin1(frame(new Uint8Array(255))).slice(0, 4), "ff\r\n");
  const { buffer, start } = around(text("hello"));
  assert.equal(frameChunk(buffer, start, 5), start - 3);
  assert.equal(decodeLatin1(buffer), "*******5\r\nhello\r\n");
});

Deno.test("frameChunk: refuses an empty chunk, which would end the body, and what has no room", () => {
  assert.throws(() => frameChunk(new Uint8Array(99), 50, 0), RangeError);
  assert.throws(() => frameChunk(new Uint8Array(99), CHUNK_START_MAX_BYTES - 1, 5), RangeError);
  assert.throws(() => frameChunk(new Uint8Array(99), 90, 8), RangeError);
  frameChunk(new Uint8Array(99), 90, 7);
});

Deno.test("frameChunk: the decoder gets back what was framed", () => {
  for (const size of [1, 15, 16, 17, 4_095, 65_536]) {
    const data = crypto.getRandomValues(new Uint8Array(size));
    const coded = new Uint8Array([...frame(data), ...encodeLastChunk([], [])]);
    const decoder = new ChunkedDecoder();
    const output = new Uint8Array(size);
    assert.equal(decoder.decode(coded, output), "end");
    assert.equal(decoder.consumed, coded.length);
    assert.deepEqual(output, data);
  }
});

Deno.test("encodeLastChunk: with the trailers that are allowed", () => {
  const encode = (...args: Parameters<typeof encodeLastChunk>) =>
    decodeLatin1(encodeLastChunk(...args));
  assert.equal(encode([], []), "0\r\n\r\n");
  assert.equal(encode([["X-Sum", "\xe9"], ["x", ""]], []), "0\r\nX-Sum: \xe9\r\nx: \r\n\r\n");
  assert.equal(encode([["Content-Length", "5"], ["x", "1"]], []), "0\r\nx: 1\r\n\r\n");
  assert.equal(encode([["Host", "a"]], []), "0\r\n\r\n");
  assert.equal(encode([["x-user", "a"]], [["X-User", "b"]]), "0\r\n\r\n");
});
