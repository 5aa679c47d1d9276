import assert from "node:assert/strict";
import type { ProxyEndpoints } from "../../lib/proxy_protocol/proxy_endpoints.ts";
import { encodeProxyV1, parseProxyV1 } from "../../lib/proxy_protocol/proxy_v1.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
const endpoints = (source: string, destination: string): ProxyEndpoints => ({
  source: { ip: source, port: 51_710 },
  destination: { ip: destination, port: 443 },
});

const ENCODED: [string, ProxyEndpoints | "unspec" | "local", string][] = [
  ["IPv4", endpoints("203.0.113.7", "192.0.2.1"), "TCP4 203.0.113.7 192.0.2.1 51710 443"],
  ["IPv6", endpoints("2001:db8::7", "::1"), "TCP6 2001:db8::7 ::1 51710 443"],
  [
    "an IPv4 client of an IPv6 address",
    endpoints("203.0.113.7", "2001:db8::1"),
    "TCP6 ::ffff:cb00:7107 2001:db8::1 51710 443",
  ],
  [
    "an IPv6 client of an IPv4 address",
    endpoints("2001:db8::7", "192.0.2.1"),
    "TCP6 2001:db8::7 ::ffff:c000:201 51710 443",
  ],
  ["a zone", endpoints("fe80::1%eth0", "fe80::2"), "TCP6 fe80::1 fe80::2 51710 443"],
  ["unspec", "unspec", "UNKNOWN"],
  ["local", "local", "UNKNOWN"],
];

for (const [what, subject, line] of ENCODED) {
  Deno.test(`encodeProxyV1 writes ${what}`, () => {
    assert.equal(new TextDecoder().decode(encodeProxyV1(subject)), `PROXY ${line}\r\n`);
  });
}

Deno.test("encodeProxyV1 refuses what is no IP address", () => {
  assert.throws(() => encodeProxyV1(endpoints("localhost", "::1")), TypeError);
});

const PARSED: [string, string, string][] = [
  ["TCP4 203.0.113.7 192.0.2.1 0 65535", "203.0.113.7:0", "192.0.2.1:65535"],
  ["TCP6 2001:DB8::7 ::1 1 2", "2001:db8::7:1", "::1:2"],
  ["TCP6 ::ffff:203.0.113.7 ::ffff:c000:201 1 2", "203.0.113.7:1", "192.0.2.1:2"],
];

Deno.test("parseProxyV1 reads addresses, IPv6 shortened and IPv4 unmapped", () => {
  for (const [line, source, destination] of PARSED) {
    const result = parseProxyV1(ascii(`PROXY ${line}\r\nGET`));
    assert.ok(result.kind === "header", line);
    assert.equal(`${result.source?.ip}:${result.source?.port}`, source);
    assert.equal(`${result.destination?.ip}:${result.destination?.port}`, destination);
    assert.equal(result.bytes, line.length + 8);
  }
});

Deno.test("parseProxyV1 ignores what stands behind UNKNOWN", () => {
  for (const rest of ["", " ", " 1 2 3", " 127.0.0.1 127.0.0.1 99999 1"]) {
    const result = parseProxyV1(ascii(`PROXY UNKNOWN${rest}\r\n`));
    assert.ok(result.kind === "header" && !("source" in result), rest);
  }
});

const MALFORMED = [
  "",
  "TCP4",
  "tcp4 192.0.2.1 192.0.2.2 1 2",
  "UDP4 192.0.2.1 192.0.2.2 1 2",
  "UNKNOWNX",
  "TCP4  192.0.2.1 192.0.2.2 1 2",
  "TCP4 192.0.2.1 192.0.2.2 1 2 ",
  "TCP4 192.0.2.1 192.0.2.2 1 2 3",
  "TCP4 192.0.2.1 192.0.2.2 1",
  "TCP4 192.0.2.1 192.0.2.2 1 65536",
  "TCP4 192.0.2.1 192.0.2.2 01 2",
  "TCP4 192.0.2.1 192.0.2.2 +1 2",
  "TCP4 192.0.2.1 192.0.2.2 1 2\r",
  "TCP4 192.0.2.1 192.0.2.2 1\t2",
  "TCP4 192.0.2.01 192.0.2.2 1 2",
  "TCP4 192.0.2.1 ::1 1 2",
  "TCP6 192.0.2.1 ::1 1 2",
  "TCP6 fe80::1%eth0 ::1 1 2",
  "TCP6 [::1] ::1 1 2",
];

for (const line of MALFORMED) {
  Deno.test(`parseProxyV1 refuses ${JSON.stringify(line)}`, () => {
    assert.equal(parseProxyV1(ascii(`PROXY ${line}\r\n`)).kind, "malformed");
  });
}

Deno.test("parseProxyV1 refuses a line that ends with LF alone", () => {
  for (const line of ["UNKNOWN\n", "UNKNOWN \n", "TCP4 192.0.2.1 192.0.2.2 1 22\n"]) {
    assert.equal(parseProxyV1(ascii(`PROXY ${line}`)).kind, "malformed", line);
  }
});

Deno.test("parseProxyV1 takes a line of 107 bytes and none that is longer", () => {
  const line = (bytes: number) => `PROXY UNKNOWN ${"x".repeat(bytes - 16)}\r\n`;
  assert.equal(parseProxyV1(ascii(line(107))).kind, "header");
  assert.equal(parseProxyV1(ascii(line(108))).kind, "too_large");
  assert.equal(parseProxyV1(ascii(line(108)).subarray(0, 106)).kind, "more");
  assert.equal(parseProxyV1(ascii(line(108)).subarray(0, 107)).kind, "too_large");
});
