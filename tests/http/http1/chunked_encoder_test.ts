import assert from "node:assert/strict";
import { ChunkedDecoder } from "../../../lib/http/http1/chunked_decoder.ts";
import { encodeChunk, LAST_CHUNK } from "../../../lib/http/http1/chunked_encoder.ts";
import { decodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import { latin1 } from "../../support/scripted_connection.ts";

Deno.test("encodeChunk: size in hex, data, line end", () => {
  assert.equal(decodeLatin1(encodeChunk(latin1("hello"))), "5\r\nhello\r\n");
  assert.equal(decodeLatin1(encodeChunk(new Uint8Array(255))).slice(0, 4), "ff\r\n");
  assert.equal(decodeLatin1(LAST_CHUNK), "0\r\n\r\n");
});

Deno.test("encodeChunk: refuses an empty chunk, which would end the body", () => {
  assert.throws(() => encodeChunk(new Uint8Array(0)), RangeError);
});

Deno.test("encodeChunk: the decoder gets back what was encoded", () => {
  for (const size of [1, 15, 16, 17, 4_095, 65_536]) {
    const data = crypto.getRandomValues(new Uint8Array(size));
    const coded = new Uint8Array([...encodeChunk(data), ...LAST_CHUNK]);
    const decoder = new ChunkedDecoder();
    const output = new Uint8Array(size);
    assert.equal(decoder.decode(coded, output), "end");
    assert.equal(decoder.consumed, coded.length);
    assert.deepEqual(output, data);
  }
});
