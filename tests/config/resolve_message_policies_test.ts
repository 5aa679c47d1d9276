import assert from "node:assert/strict";
import { messagesOf, routeOf } from "./parsing.ts";

const OFFLOAD = "hosts: [a.b], mode: offload, upstream: http://b";
const REDIRECT = "hosts: [a.b], mode: redirect, to: https://c.d";
const PASSTHROUGH = "hosts: [a.b], mode: passthrough, upstream: b:1";

const YEAR = { maxAgeSeconds: 31_536_000, includeSubdomains: false, preload: false };
const CLOSED = { pageFile: undefined, retryAfterSeconds: 300, allow: [] };

/** Makes header changes of plain values. */
function changes(
  sketch: { remove?: string[]; set?: [string, string][]; add?: [string, string][] },
) {
  const { remove = [], set = [], add = [] } = sketch;
  const lines = (pairs: [string, string][]) =>
    pairs.map(([name, value]) => ({ name, value: [value] }));
  return { remove, set: lines(set), add: lines(add) };
}

const RESOLVED: readonly [keys: string, defaults: string, policies: unknown][] = [
  ["", "", {}],
  ["hsts: true", "", { hsts: YEAR }],
  ["hsts: {}", "", { hsts: YEAR }],
  ["hsts: { max_age: 0s }", "", { hsts: { ...YEAR, maxAgeSeconds: 0 } }],
  ["hsts: { max_age: 2y, include_subdomains: true, preload: true }", "", {
    hsts: { maxAgeSeconds: 63_072_000, includeSubdomains: true, preload: true },
  }],
  ["", "hsts: true", { hsts: YEAR }],
  ["hsts: false", "hsts: { max_age: 2y }", {}],
  ["hsts: true", "hsts: { max_age: 30d }", { hsts: { ...YEAR, maxAgeSeconds: 2_592_000 } }],
  ["hsts: true", "hsts: false", { hsts: YEAR }],
  ["hsts: { include_subdomains: true }", "hsts: { max_age: 30d }", {
    hsts: { ...YEAR, maxAgeSeconds: 2_592_000, includeSubdomains: true },
  }],
  ["security_headers: true", "", { securityHeaders: true }],
  ["security_headers: false", "security_headers: true", {}],
  ["host_header: keep", "", {}],
  ["host_header: upstream", "", { hostHeader: { kind: "upstream" } }],
  ["host_header: x.y", "", { hostHeader: { kind: "fixed", value: "x.y" } }],
  ["host_header: upstream", "host_header: x.y", { hostHeader: { kind: "upstream" } }],
  ["host_header: keep", "host_header: x.y", {}],
  ["max_body_size: 10MB", "", { maxBodySize: 10_000_000 }],
  ["max_body_size: 0B", "max_body_size: 1MB", { maxBodySize: 0 }],
  ["max_body_size: unlimited", "max_body_size: 1MB", {}],
  ["request_headers: {}", "", {}],
  ["request_headers: { set: {}, add: {}, remove: [] }", "", {}],
  ["request_headers: { set: { X-A: b }, add: { Y: [c, d], Z: e }, remove: [F] }", "", {
    requestHeaders: changes({
      remove: ["F"],
      set: [["X-A", "b"]],
      add: [["Y", "c"], ["Y", "d"], ["Z", "e"]],
    }),
  }],
  ["response_headers: { add: { Via: x, Host: y } }", "", {
    responseHeaders: changes({ add: [["Via", "x"], ["Host", "y"]] }),
  }],
  // Mappings merge key by key: what the route gives as "set" replaces the other "set".
  [
    "request_headers: { set: { B: 'r' } }",
    "request_headers: { set: { A: 'd' }, remove: [C] }",
    { requestHeaders: changes({ remove: ["C"], set: [["B", "r"]] }) },
  ],
  ["request_headers: { remove: [] }", "request_headers: { remove: [C] }", {}],
  ["error_pages: { 404: a.html, 5xx: /p/b.txt }", "", {
    errorPages: { files: { "404": "/etc/postern/a.html", "5xx": "/p/b.txt" }, intercept: false },
  }],
  ["error_pages: { 404: r.html }", "error_pages: { 404: d.html, 500: d.html, intercept: true }", {
    errorPages: {
      files: { "404": "/etc/postern/r.html", "500": "/etc/postern/d.html" },
      intercept: true,
    },
  }],
  ["maintenance: true", "", { maintenance: CLOSED }],
  ["maintenance: false", "maintenance: true", {}],
  ["maintenance: { page: m.html, retry_after: 1h, allow: [10.0.0.0/8, '::1'] }", "", {
    maintenance: {
      pageFile: "/etc/postern/m.html",
      retryAfterSeconds: 3_600,
      allow: [{ ip: "10.0.0.0", prefixBits: 8 }, { ip: "::1", prefixBits: 128 }],
    },
  }],
];

for (const [keys, defaults, policies] of RESOLVED) {
  const name = defaults === "" ? "" : ` with defaults "${defaults}"`;
  Deno.test(`resolveMessagePolicies: "${keys}"${name}`, () => {
    const top = defaults === "" ? "" : `defaults: { ${defaults} }`;
    assert.deepEqual(routeOf(`{ ${OFFLOAD}, ${keys} }`, top).policies, policies);
  });
}

const EVERY = "defaults: { hsts: true, security_headers: true, host_header: upstream, " +
  "max_body_size: 1MB, maintenance: true, error_pages: { 5xx: a.html }, " +
  "request_headers: { remove: [A] }, response_headers: { remove: [B] } }";

const MODES: readonly [route: string, keys: readonly string[]][] = [
  [PASSTHROUGH, []],
  ["hosts: [a.b], mode: reject", []],
  [REDIRECT, ["hsts", "responseHeaders", "securityHeaders"]],
  [OFFLOAD, [
    "errorPages",
    "hostHeader",
    "hsts",
    "maintenance",
    "maxBodySize",
    "requestHeaders",
    "responseHeaders",
    "securityHeaders",
  ]],
];

for (const [route, keys] of MODES) {
  Deno.test(`resolveMessagePolicies: of all defaults "${route}" takes ${keys.length}`, () => {
    assert.deepEqual(Object.keys(routeOf(`{ ${route} }`, EVERY).policies).sort(), keys);
  });
}

const PRELOAD = '"preload" needs';

const REFUSED: readonly [route: string, defaults: string, told: readonly string[]][] = [
  [`${OFFLOAD}, hsts: { preload: true }`, "", [
    `Cannot use a mapping as "hsts": ${PRELOAD} "include_subdomains"`,
  ]],
  [`${OFFLOAD}, hsts: { preload: true, include_subdomains: true, max_age: 364d }`, "", [
    `Cannot use a mapping as "hsts": ${PRELOAD} a "max_age" of a year`,
  ]],
  [OFFLOAD, "hsts: { preload: true }", [
    `Cannot use a mapping as "defaults.hsts": ${PRELOAD} "include_subdomains"`,
  ]],
  [`${OFFLOAD}, hsts: { max_age: 1d }`, "hsts: { preload: true, include_subdomains: true }", [
    `Cannot use a mapping as "hsts": ${PRELOAD} a "max_age" of a year`,
  ]],
  // Said once, where it is to be repaired.
  [`${OFFLOAD}, hsts: true`, "hsts: { preload: true }", [
    `Cannot use a mapping as "defaults.hsts": ${PRELOAD} "include_subdomains"`,
  ]],
  [`${OFFLOAD}, hsts: { preload: true }, paths: [{ path: /a, compress: true, hsts: true }]`, "", [
    `Cannot use a mapping as "hsts": ${PRELOAD} "include_subdomains"`,
  ]],
  [`${OFFLOAD}, paths: [{ path: /a, hsts: { preload: true } }]`, "", [
    `Cannot use a mapping as "paths.hsts": ${PRELOAD} "include_subdomains"`,
  ]],
  [`${OFFLOAD}, hsts: false`, "hsts: { preload: true }", []],
  [PASSTHROUGH, "hsts: { preload: true }", []],
];

for (const [route, defaults, told] of REFUSED) {
  Deno.test(`resolveMessagePolicies: says of "${route}" with "${defaults}" ${told.length} thing`, () => {
    const top = defaults === "" ? "" : `defaults: { ${defaults} }`;
    assert.deepEqual(messagesOf(`{ ${route} }`, top), told);
  });
}

Deno.test("resolveMessagePolicies: a path has its own over its route's over the defaults", () => {
  const { policies, paths } = routeOf(
    `{ ${OFFLOAD}, hsts: { include_subdomains: true }, max_body_size: 1MB, paths: [
      { path: /upload, max_body_size: 1GB, hsts: { max_age: 1d } },
      { path: /frame, request_headers: { set: { A: b } } },
      { path: /other } ] }`,
    "defaults: { hsts: { max_age: 30d }, security_headers: true }",
  );
  const hsts = { maxAgeSeconds: 2_592_000, includeSubdomains: true, preload: false };
  assert.deepEqual(policies, { hsts, maxBodySize: 1_000_000, securityHeaders: true });
  assert.deepEqual(paths.map((path) => path.policies), [
    { ...policies, maxBodySize: 1_000_000_000, hsts: { ...hsts, maxAgeSeconds: 86_400 } },
    { ...policies, requestHeaders: changes({ set: [["A", "b"]] }) },
    policies,
  ]);
});
