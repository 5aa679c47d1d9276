import assert from "node:assert/strict";
import { BODY_READ_BYTES, HEAD_WITH_BODY_MAX_BYTES } from "../../../lib/base/limits.ts";
import { ChunkedDecoder } from "../../../lib/http/http1/chunked_decoder.ts";
import { decodeLatin1, encodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import { UploadBuffer } from "../../../lib/http/upstream/upload_buffer.ts";

const HEAD = "PUT / HTTP/1.1\r\nA: \xe9\r\n\r\n";

function makeBuffer(length: number | undefined, head = HEAD): UploadBuffer {
  // Larger than asked for, as memory that is used again and again is.
  const allocate = (bytes: number) => new Uint8Array(bytes + 100);
  return new UploadBuffer({ length, head: encodeLatin1(head), allocate });
}

function put(buffer: UploadBuffer, text: string): string {
  const { room } = buffer;
  for (let at = 0; at < text.length; at++) room[at] = text.charCodeAt(at);
  const bytes = decodeLatin1(buffer.takePiece(text.length));
  buffer.next(text.length);
  return bytes;
}

Deno.test("UploadBuffer: the first piece stands right behind the head", () => {
  const known = makeBuffer(7);
  assert.equal(put(known, "hello"), `${HEAD}hello`);
  assert.equal(put(known, "!!"), "!!");
  const chunked = makeBuffer(undefined);
  assert.equal(put(chunked, "hello"), `${HEAD}5\r\nhello\r\n`);
  assert.equal(put(chunked, "x".repeat(17)), `11\r\n${"x".repeat(17)}\r\n`);
});

Deno.test("UploadBuffer: the head can be sent alone while the first piece is read", () => {
  for (const [length, expected] of [[5, "hello"], [undefined, "5\r\nhello\r\n"]] as const) {
    const buffer = makeBuffer(length);
    const { room } = buffer;
    const head = buffer.takeHead();
    room.set(new TextEncoder().encode("hello"));
    assert.equal(decodeLatin1(head), HEAD);
    assert.equal(decodeLatin1(buffer.takePiece(5)), expected);
    assert.equal(decodeLatin1(head), HEAD, "writing it may still be going on");
  }
});

Deno.test("UploadBuffer: there is never room for more than is left", () => {
  const buffer = makeBuffer(5);
  assert.deepEqual([buffer.leftBytes, buffer.room.length], [5, 5]);
  put(buffer, "hel");
  assert.deepEqual([buffer.leftBytes, buffer.room.length], [2, 2]);
  put(buffer, "lo");
  assert.deepEqual([buffer.leftBytes, buffer.room.length], [0, 0]);
});

Deno.test("UploadBuffer: room grows once a body fills it", () => {
  for (const length of [1_000_000, undefined]) {
    const buffer = makeBuffer(length);
    assert.equal(buffer.room.length, HEAD_WITH_BODY_MAX_BYTES);
    put(buffer, "hello");
    assert.equal(buffer.room.length, HEAD_WITH_BODY_MAX_BYTES);
    put(buffer, "x".repeat(HEAD_WITH_BODY_MAX_BYTES));
    assert.equal(buffer.room.length, BODY_READ_BYTES);
    put(buffer, "x".repeat(BODY_READ_BYTES));
    assert.equal(buffer.room.length, BODY_READ_BYTES);
  }
});

Deno.test("UploadBuffer: chunks of every size are read back as they were", () => {
  const buffer = makeBuffer(undefined, "");
  const decoder = new ChunkedDecoder();
  for (const size of [1, 15, 16, 255, 256, HEAD_WITH_BODY_MAX_BYTES, 4_096, BODY_READ_BYTES]) {
    const data = crypto.getRandomValues(new Uint8Array(size));
    buffer.room.set(data);
    const output = new Uint8Array(size);
    assert.equal(decoder.decode(buffer.takePiece(size), output), "more");
    assert.deepEqual(output, data);
    buffer.next(size);
  }
});
