import assert from "node:assert/strict";
import { CidrSet, parseCidr } from "../../../lib/base/cidr.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import { upstreamRequestHeaders } from "../../../lib/http/headers.ts";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { believeProxy } from "../../../lib/http/policy/believe_proxy.ts";
import { makeExchange } from "../../support/exchanges.ts";

const TRUSTED = new CidrSet([parseCidr("10.0.0.0/8")!]);
const PROXY = { ip: "10.0.0.1", port: 40_000 };
const FORGED: readonly HeaderLine[] = [
  ["X-Forwarded-For", "192.0.2.9"],
  ["X-Forwarded-Proto", "https"],
  ["X-Forwarded-Host", "forged.example.org"],
];

function behind(headers: readonly HeaderLine[], fields: Partial<Exchange> = {}): Exchange {
  return believeProxy(makeExchange({ client: PROXY, scheme: "http", headers, ...fields }), TRUSTED);
}

Deno.test("believeProxy: without trusted proxies, and from others, an exchange stays as it is", () => {
  const exchange = makeExchange({ headers: FORGED, client: PROXY });
  assert.equal(believeProxy(exchange, new CidrSet([])), exchange);
  const stranger = makeExchange({ headers: FORGED });
  assert.equal(believeProxy(stranger, TRUSTED), stranger);
});

const SCHEMES: readonly [headers: readonly HeaderLine[], scheme: string][] = [
  [[], "http"],
  [[["X-Forwarded-Proto", "https"]], "https"],
  [[["x-forwarded-proto", "HTTPS"]], "https"],
  [[["X-Forwarded-Proto", "wss"]], "https"],
  [[["X-Forwarded-Proto", "ws"]], "http"],
  [[["X-Forwarded-Proto", "gopher"]], "http"],
  [[["X-Forwarded-Proto", ""]], "http"],
  // A client may have put one before: the last one is the proxy's.
  [[["X-Forwarded-Proto", "http, https"]], "https"],
  [[["X-Forwarded-Proto", "https"], ["X-Forwarded-Proto", "http"]], "http"],
  [[["Forwarded", "for=192.0.2.1;proto=https, for=10.0.0.2;proto=http"]], "https"],
  [[["Forwarded", "for=192.0.2.1;proto=https"], ["X-Forwarded-Proto", "http"]], "http"],
];

for (const [headers, scheme] of SCHEMES) {
  Deno.test(`believeProxy: ${JSON.stringify(headers)} is ${scheme}`, () => {
    assert.equal(behind(headers).scheme, scheme);
  });
}

const HOSTS: readonly [headers: readonly HeaderLine[], host: string | undefined][] = [
  [[], undefined],
  [[["X-Forwarded-Host", "pub.example.org:8443"]], "pub.example.org:8443"],
  [[["X-Forwarded-Host", "forged, pub.example.org"]], "pub.example.org"],
  [[["X-Forwarded-Host", "a b"]], undefined],
  [[["X-Forwarded-Host", "a/b"]], undefined],
  [[["X-Forwarded-Host", "user@a"]], undefined],
  [[["Forwarded", 'for=192.0.2.1;host="pub.example.org:8443"']], "pub.example.org:8443"],
];

for (const [headers, host] of HOSTS) {
  Deno.test(`believeProxy: ${JSON.stringify(headers)} names ${host ?? "no host"}`, () => {
    const exchange = behind(headers);
    assert.equal(exchange.trustedProxy?.host, host);
    // The host that was checked, and by which the route was found, is another thing.
    assert.equal(exchange.authority, "app.example.org");
    assert.equal(exchange.hostname, "app.example.org");
  });
}

const SENT: readonly [why: string, headers: readonly HeaderLine[], sent: readonly string[]][] = [
  ["X-Forwarded-For is continued, in one line", [
    ["X-Forwarded-For", "prev"],
    ["x-forwarded-for", "192.0.2.1"],
    ["X-Forwarded-Proto", "https"],
    ["X-Forwarded-Host", "pub.example.org"],
  ], [
    "X-Forwarded-For: prev, 192.0.2.1, 10.0.0.1",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: pub.example.org",
    "X-Real-IP: 192.0.2.1",
    "Forwarded: for=192.0.2.1;host=pub.example.org;proto=https, for=10.0.0.1",
  ]],
  ["RFC 7239 §4, Forwarded is continued", [
    ["Forwarded", 'for="[2001:db8::1]";proto=https;host=pub.example.org'],
    ["Forwarded", "for=10.0.0.2"],
  ], [
    "X-Forwarded-For: 2001:db8::1, 10.0.0.1",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: pub.example.org",
    "X-Real-IP: 2001:db8::1",
    'Forwarded: for="[2001:db8::1]";proto=https;host=pub.example.org, for=10.0.0.2, for=10.0.0.1',
  ]],
  ["a Forwarded beside the X-Forwarded-For that counts is written anew", [
    ["Forwarded", "for=198.51.100.66"],
    ["X-Forwarded-For", "192.0.2.1"],
  ], [
    "X-Forwarded-For: 192.0.2.1, 10.0.0.1",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Host: app.example.org",
    "X-Real-IP: 192.0.2.1",
    "Forwarded: for=192.0.2.1;host=app.example.org;proto=http, for=10.0.0.1",
  ]],
  ["a proxy that says nothing is the client", [["X-Real-IP", "198.51.100.66"]], [
    "X-Forwarded-For: 10.0.0.1",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Host: app.example.org",
    "X-Real-IP: 10.0.0.1",
    "Forwarded: for=10.0.0.1;host=app.example.org;proto=http",
  ]],
  ["other names of this kind are dropped all the same", [
    ["X-Forwarded-For", "192.0.2.1"],
    ["X-Forwarded-Port", "1"],
    ["X_Forwarded_For", "198.51.100.66"],
    ["X-Forwarded-Prefix", "/forged"],
  ], [
    "X-Forwarded-For: 192.0.2.1, 10.0.0.1",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Host: app.example.org",
    "X-Real-IP: 192.0.2.1",
    "Forwarded: for=192.0.2.1;host=app.example.org;proto=http, for=10.0.0.1",
  ]],
];

for (const [why, headers, sent] of SENT) {
  Deno.test(`believeProxy, upstreamRequestHeaders: ${why}`, () => {
    const lines = upstreamRequestHeaders(behind(headers), "postern-test")
      .map(([name, value]) => `${name}: ${value}`);
    assert.deepEqual(lines, ["Host: app.example.org", ...sent, "Via: 1.1 postern-test"]);
  });
}

Deno.test("believeProxy: a stranger's fields reach no server", () => {
  const exchange = believeProxy(makeExchange({ headers: FORGED, scheme: "http" }), TRUSTED);
  const lines = upstreamRequestHeaders(exchange, "postern-test");
  assert.doesNotMatch(JSON.stringify(lines), /192\.0\.2\.9|forged|https/);
});
