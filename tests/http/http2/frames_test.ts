import assert from "node:assert/strict";
import {
  DATA_PAYLOAD_MAX_BYTES,
  FRAME_HEAD_BYTES,
  FRAME_PAYLOAD_MAX_BYTES,
  INT31_MAX,
  PREFACE,
  readUint31,
  readUint32,
  writeFrameHead,
  writeUint32,
} from "../../../lib/http/http2/frames.ts";

Deno.test("writeFrameHead: RFC 9113 §4.1", () => {
  const bytes = new Uint8Array(12).fill(0xee);
  writeFrameHead(bytes, 1, { length: 0x012345, type: 0x9, flags: 0x2d, stream: 0x7fabcdef });
  assert.deepEqual([...bytes], [0xee, 1, 0x23, 0x45, 9, 0x2d, 0x7f, 0xab, 0xcd, 0xef, 0xee, 0xee]);
});

Deno.test("readUint32, readUint31: what was written, with and without the reserved bit", () => {
  const bytes = new Uint8Array(6);
  for (const value of [0, 1, 255, 65_536, INT31_MAX, INT31_MAX + 1, 0xffff_ffff, 0x8000_00ff]) {
    writeUint32(bytes, 1, value);
    assert.equal(readUint32(bytes, 1), value);
    assert.equal(readUint31(bytes, 1), value % (INT31_MAX + 1));
    assert.deepEqual([bytes[0], bytes[5]], [0, 0], "nothing around it is touched");
  }
});

Deno.test("PREFACE: RFC 9113 §3.4", () => {
  const hex = PREFACE.reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "");
  assert.equal(hex, "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a");
});

Deno.test("DATA_PAYLOAD_MAX_BYTES: a frame is one TLS record", () => {
  assert.equal(DATA_PAYLOAD_MAX_BYTES + FRAME_HEAD_BYTES, 2 ** 14);
  assert.ok(DATA_PAYLOAD_MAX_BYTES <= FRAME_PAYLOAD_MAX_BYTES);
});
