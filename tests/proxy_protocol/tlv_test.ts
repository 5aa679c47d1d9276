import assert from "node:assert/strict";
import {
  encodeTlvs,
  parseTlvs,
  textTlv,
  TLV_TYPES,
  UNIQUE_ID_MAX_BYTES,
} from "../../lib/proxy_protocol/tlv.ts";

const ENCODED = [1, 0, 2, 0x68, 0x32, 4, 0, 0, 2, 0, 1, 0x61];
const TLVS = [
  textTlv(TLV_TYPES.alpn, "h2"),
  { type: TLV_TYPES.noop, value: new Uint8Array(0) },
  textTlv(TLV_TYPES.authority, "a"),
];

Deno.test("encodeTlvs writes type, length and value of each in order", () => {
  assert.deepEqual([...encodeTlvs(TLVS)], ENCODED);
  assert.equal(encodeTlvs([]).length, 0);
});

Deno.test("parseTlvs reads what encodeTlvs writes", () => {
  assert.deepEqual(parseTlvs(Uint8Array.from(ENCODED)), TLVS);
});

Deno.test("parseTlvs reads two-byte lengths", () => {
  const tlvs = [{ type: 0xe0, value: new Uint8Array(0x1234).fill(7) }];
  assert.deepEqual(parseTlvs(encodeTlvs(tlvs)), tlvs);
});

Deno.test("parseTlvs refuses every cut that does not fall between two vectors", () => {
  for (let length = 0; length <= ENCODED.length; length++) {
    const isBetween = [0, 5, 8, 12].includes(length);
    const tlvs = parseTlvs(Uint8Array.from(ENCODED.slice(0, length)));
    assert.equal(tlvs !== undefined, isBetween, `${length}`);
  }
});

Deno.test("encodeTlvs refuses values that are too long", () => {
  const tlv = (type: number, bytes: number) => [{ type, value: new Uint8Array(bytes) }];
  assert.equal(encodeTlvs(tlv(TLV_TYPES.uniqueId, UNIQUE_ID_MAX_BYTES)).length, 131);
  assert.throws(() => encodeTlvs(tlv(TLV_TYPES.uniqueId, 129)), RangeError);
  assert.equal(encodeTlvs(tlv(TLV_TYPES.noop, 0xffff)).length, 0x10002);
  assert.throws(() => encodeTlvs(tlv(TLV_TYPES.noop, 0x10000)), RangeError);
});
