import assert from "node:assert/strict";
import { encodeProxyHeader, parseProxyHeader } from "../../lib/proxy_protocol/proxy_header.ts";
import { encodeProxyV1 } from "../../lib/proxy_protocol/proxy_v1.ts";
import { encodeProxyV2 } from "../../lib/proxy_protocol/proxy_v2.ts";

const ENDPOINTS = {
  source: { ip: "203.0.113.7", port: 51_710 },
  destination: { ip: "2001:db8::1", port: 443 },
};
const ascii = (text: string) => new TextEncoder().encode(text);

Deno.test("encodeProxyHeader writes the version asked for, and nothing for off", () => {
  assert.equal(encodeProxyHeader("off", ENDPOINTS), undefined);
  assert.deepEqual(encodeProxyHeader("v1", ENDPOINTS), encodeProxyV1(ENDPOINTS));
  assert.deepEqual(encodeProxyHeader("v2", ENDPOINTS), encodeProxyV2(ENDPOINTS));
});

for (const version of ["v1", "v2"] as const) {
  const header = encodeProxyHeader(version, ENDPOINTS)!;

  Deno.test(`parseProxyHeader reads what encodeProxyHeader writes in ${version}`, () => {
    const result = parseProxyHeader(Uint8Array.of(...header, 22, 3, 1));
    assert.ok(result.kind === "header");
    assert.deepEqual([result.version, result.command], [version, "proxy"]);
    assert.deepEqual({ source: result.source, destination: result.destination }, ENDPOINTS);
    assert.equal(result.bytes, header.length);
  });

  Deno.test(`parseProxyHeader says more for every strict prefix of ${version}`, () => {
    for (let length = 0; length < header.length; length++) {
      assert.equal(parseProxyHeader(header.subarray(0, length)).kind, "more", `${length}`);
    }
  });

  Deno.test(`parseProxyHeader refuses ${version} where only the other version is accepted`, () => {
    const other = version === "v1" ? "v2" : "v1";
    assert.equal(parseProxyHeader(header, { versions: [other] }).kind, "malformed");
    assert.equal(parseProxyHeader(header, { versions: [version] }).kind, "header");
  });
}

Deno.test("parseProxyHeader says none at the first byte of something else", () => {
  for (const text of ["G", "proxy ", "PROXY\r", "PROXYTCP4 ", "\r\n\r\n\0\r\nQUIT\r", "\x16\x03"]) {
    assert.equal(parseProxyHeader(ascii(text)).kind, "none", text);
    if (text.length > 2 && !text.startsWith("p")) {
      assert.equal(parseProxyHeader(ascii(text.slice(0, 5))).kind, "more", text);
    }
  }
});
