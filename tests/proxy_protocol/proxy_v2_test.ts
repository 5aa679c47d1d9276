import assert from "node:assert/strict";
import { crc32c } from "../../lib/proxy_protocol/crc32c.ts";
import { parseProxyV2 } from "../../lib/proxy_protocol/parse_proxy_v2.ts";
import type { ProxyEndpoints, ProxySubject } from "../../lib/proxy_protocol/proxy_endpoints.ts";
import type { ProxyHeader } from "../../lib/proxy_protocol/proxy_result.ts";
import { encodeProxyV2 } from "../../lib/proxy_protocol/proxy_v2.ts";
import { textTlv, type Tlv, TLV_TYPES } from "../../lib/proxy_protocol/tlv.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const hex = (text: string) => Uint8Array.fromHex(SIGNATURE + text.replaceAll(" ", ""));
const endpoints = (source: string, destination: string): ProxyEndpoints => ({
  source: { ip: source, port: 51_710 },
  destination: { ip: destination, port: 443 },
});
const V4 = endpoints("203.0.113.7", "192.0.2.1");

const ENCODED: [string, ProxySubject, string][] = [
  ["IPv4", V4, "21 11 000c cb007107 c0000201 c9fe 01bb"],
  [
    "IPv6",
    endpoints("2001:db8::7", "::1"),
    "21 21 0024 20010db8000000000000000000000007 00000000000000000000000000000001 c9fe 01bb",
  ],
  [
    "an IPv4 client of an IPv6 address",
    endpoints("203.0.113.7", "::1"),
    "21 21 0024 00000000000000000000ffffcb007107 00000000000000000000000000000001 c9fe 01bb",
  ],
  ["unspec", "unspec", "21 00 0000"],
  ["local", "local", "20 00 0000"],
];

for (const [what, subject, text] of ENCODED) {
  Deno.test(`encodeProxyV2 writes ${what}`, () => {
    assert.deepEqual(encodeProxyV2(subject), hex(text));
  });
}

Deno.test("encodeProxyV2 refuses what is no IP address, and vectors that do not fit", () => {
  assert.throws(() => encodeProxyV2(endpoints("localhost", "::1")), TypeError);
  const noop = (bytes: number): Tlv[] => [{ type: 4, value: new Uint8Array(bytes) }];
  assert.equal(encodeProxyV2(V4, { tlvs: noop(65_520) }).length, 65_551);
  assert.throws(() => encodeProxyV2(V4, { tlvs: noop(65_521) }), RangeError);
});

const TLVS: Tlv[] = [
  textTlv(TLV_TYPES.alpn, "h2"),
  textTlv(TLV_TYPES.authority, "app.example.org"),
  { type: TLV_TYPES.uniqueId, value: new Uint8Array(128).fill(9) },
];

function header(bytes: Uint8Array): ProxyHeader {
  const result = parseProxyV2(bytes);
  assert.equal(result.kind, "header", JSON.stringify(result));
  return result as ProxyHeader;
}

Deno.test("parseProxyV2 reads what encodeProxyV2 writes, with vectors and checksum", () => {
  for (const subject of [V4, endpoints("2001:db8::7", "::1"), "unspec" as const]) {
    const bytes = encodeProxyV2(subject, { tlvs: TLVS, checksum: true });
    const { source, destination, tlvs } = header(bytes);
    const expected = subject === "unspec" ? [undefined, undefined] : [
      subject.source,
      subject.destination,
    ];
    assert.deepEqual([source, destination], expected);
    assert.deepEqual(tlvs.slice(0, 3), TLVS);
    assert.deepEqual([tlvs.length, tlvs[3].type], [4, TLV_TYPES.crc32c]);
  }
});

Deno.test("parseProxyV2 gives mapped IPv4 addresses as IPv4", () => {
  const { source, destination } = header(encodeProxyV2(endpoints("203.0.113.7", "::1")));
  assert.deepEqual([source?.ip, destination?.ip], ["203.0.113.7", "::1"]);
});

Deno.test("parseProxyV2 ignores the whole block of a LOCAL header", () => {
  for (const block of ["20 11 000c cb007107 c0000201 c9fe 01bb", "20 ff 0001 aa", "20 11 0000"]) {
    const bytes = hex(block);
    const expected = { kind: "header", version: "v2", command: "local", tlvs: [] };
    assert.deepEqual(parseProxyV2(bytes), { ...expected, bytes: bytes.length });
  }
});

Deno.test("parseProxyV2 accepts without an address what is not TCP over IP", () => {
  const cases = [
    "21 00 0000",
    "21 01 0000",
    "21 12 000c cb007107 c0000201 c9fe 01bb",
    "21 10 000c cb007107 c0000201 c9fe 01bb",
    `21 31 00d8 ${"2f".repeat(216)}`,
    "21 41 0004 01020304",
  ];
  for (const text of cases) {
    const result = header(hex(text));
    assert.ok(!("source" in result) && !("destination" in result), text);
    assert.deepEqual([result.command, result.tlvs], ["proxy", []], text);
  }
});

const MALFORMED: [string, string][] = [
  ["version 1 in a binary header", "11"],
  ["version 3", "31"],
  ["command 2", "22"],
  ["transport 3", "21 13"],
  ["IPv4 without addresses", "21 11 0000"],
  ["IPv4 with a byte too few", "21 11 000b cb007107 c0000201 c9fe 01"],
  ["IPv6 with addresses of IPv4", "21 21 000c cb007107 c0000201 c9fe 01bb"],
  ["a Unix socket with half an address", `21 31 006c ${"2f".repeat(108)}`],
  ["a stray byte", "21 11 000d cb007107 c0000201 c9fe 01bb 00"],
  ["a vector longer than the header", "21 11 0010 cb007107 c0000201 c9fe 01bb 040002 00"],
  ["a checksum of two bytes", "21 11 0011 cb007107 c0000201 c9fe 01bb 030002 0000"],
];

for (const [what, text] of MALFORMED) {
  Deno.test(`parseProxyV2 refuses ${what}`, () => {
    assert.equal(parseProxyV2(hex(text)).kind, "malformed");
  });
}

Deno.test("parseProxyV2 refuses any changed bit under a checksum", () => {
  const good = encodeProxyV2(V4, { tlvs: TLVS, checksum: true });
  for (let at = 16; at < good.length; at++) {
    const bytes = good.slice();
    bytes[at] ^= 1;
    const result = parseProxyV2(bytes);
    // A change of the vector's type hides the checksum, and a header without one is legal.
    const isHidden = at === good.length - 7;
    assert.equal(result.kind, isHidden ? "header" : "malformed", `byte ${at}`);
  }
});

Deno.test("parseProxyV2 refuses two checksums, even if the first one is right", () => {
  const zero = { type: TLV_TYPES.crc32c, value: new Uint8Array(4) };
  const one = encodeProxyV2(V4, { tlvs: [zero] });
  new DataView(one.buffer).setUint32(31, crc32c(one));
  assert.equal(parseProxyV2(one).kind, "header");
  const two = encodeProxyV2(V4, { tlvs: [zero, zero] });
  new DataView(two.buffer).setUint32(31, crc32c(two));
  assert.equal(parseProxyV2(two).kind, "malformed");
});

Deno.test("parseProxyV2 takes a header of 4096 bytes, and refuses a longer one by its length", () => {
  const noop = (bytes: number): Tlv[] => [{ type: 4, value: new Uint8Array(bytes) }];
  assert.equal(parseProxyV2(encodeProxyV2(V4, { tlvs: noop(4096 - 31) })).kind, "header");
  const longer = encodeProxyV2(V4, { tlvs: noop(4096 - 30) });
  assert.equal(parseProxyV2(longer.subarray(0, 16)).kind, "too_large");
  assert.equal(parseProxyV2(longer.subarray(0, 15)).kind, "more");
});
