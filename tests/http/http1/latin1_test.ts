import assert from "node:assert/strict";
import { decodeLatin1, encodeLatin1 } from "../../../lib/http/http1/latin1.ts";

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

Deno.test("decodeLatin1: each byte is the character of the same number", () => {
  const text = decodeLatin1(EVERY_BYTE);
  assert.equal(text.length, 256);
  for (let byte = 0; byte < 256; byte++) assert.equal(text.charCodeAt(byte), byte);
});

Deno.test("decodeLatin1: honours the offsets of a view", () => {
  assert.equal(decodeLatin1(EVERY_BYTE.subarray(65, 68)), "ABC");
  assert.equal(decodeLatin1(new Uint8Array(0)), "");
});

Deno.test("encodeLatin1: undoes decodeLatin1, in ASCII and beyond", () => {
  const cases = ["", "GET / HTTP/1.1\r\n", "\xe9", "a\x80", "\x80a", "aaaa\xff".repeat(1_000)];
  for (const text of [...cases, decodeLatin1(EVERY_BYTE)]) {
    assert.equal(decodeLatin1(encodeLatin1(text)), text);
  }
});
