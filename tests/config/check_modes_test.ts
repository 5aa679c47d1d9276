import assert from "node:assert/strict";
import { messagesOf, parse, problemsOf } from "./parsing.ts";

/** A good route of each mode. */
const ROUTES = {
  passthrough: "hosts: [a.b], mode: passthrough, upstream: 10.0.0.1:443",
  offload: "hosts: [a.b], mode: offload, upstream: https://10.0.0.1",
  redirect: "hosts: [a.b], mode: redirect, to: https://c.d",
  reject: "hosts: [a.b], mode: reject",
} as const;

type Mode = keyof typeof ROUTES;

/** A key with a value, and the modes it is good for. */
const KEYS: readonly [key: string, modes: readonly Mode[]][] = [
  ["upstreams: [10.0.0.2:443]", []],
  ["proxy_protocol: v1", ["passthrough"]],
  ["source: client", ["passthrough"]],
  ["load_balance: random", ["passthrough", "offload"]],
  ["health_check: { interval: 1s }", ["passthrough", "offload"]],
  ["sticky: { cookie: server }", ["offload"]],
  ["status: 301", ["redirect"]],
  ["http: off", ["passthrough", "offload", "redirect"]],
  ["http: redirect", ["passthrough", "offload", "redirect"]],
  ["http: forward", ["passthrough"]],
  ["http_upstream: 10.0.0.1:8080", ["passthrough"]],
  ["tls: { certificate: internal }", ["offload", "redirect"]],
  ["upstream_tls: { server_name: c.d }", ["offload"]],
  ["request_headers: { remove: [X-A] }", ["offload"]],
  ["response_headers: { remove: [X-A] }", ["offload", "redirect"]],
  ["hsts: true", ["offload", "redirect"]],
  ["security_headers: true", ["offload", "redirect"]],
  ["host_header: upstream", ["offload"]],
  ["max_body_size: 10MB", ["offload"]],
  ["error_pages: { 404: a.html }", ["offload"]],
  ["maintenance: true", ["offload"]],
  ["timeouts: { idle: 1h }", ["passthrough", "offload", "redirect"]],
];

for (const [key, modes] of KEYS) {
  for (const mode of Object.keys(ROUTES) as Mode[]) {
    const isGood = modes.includes(mode);
    Deno.test(`checkMode ${isGood ? "allows" : "refuses"} "${key}" with ${mode}`, () => {
      const told = messagesOf(`{ ${ROUTES[mode]}, ${key} }`);
      assert.equal(told.length === 0, isGood, told.join("\n"));
      assert(told.length <= 1, told.join("\n"));
    });
    // Both of a kind: `upstreams` is refused beside `upstream`, and is no key of `defaults`.
    if (key.startsWith("upstreams")) continue;
    Deno.test(`checkMode lets "defaults: { ${key} }" pass with ${mode}`, () => {
      assert.deepEqual(messagesOf(`{ ${ROUTES[mode]} }`, `defaults: { ${key} }`), []);
    });
  }
}

const MISSING: readonly [route: string, told: readonly string[]][] = [
  ["mode: passthrough", [
    'Cannot read route "a.b": key "upstream" is missing, expected "host:port"',
  ]],
  ["mode: offload", [
    'Cannot read route "a.b": key "upstream" is missing, expected a URL such as ' +
    '"http://10.0.0.1:3000"',
  ]],
  ["mode: redirect", [
    'Cannot read route "a.b": key "to" is missing, expected a URL such as "https://new.example.org"',
  ]],
  // What is misspelt or broken is not missing as well.
  ["mode: offload, upstrem: x", ['Cannot read route "a.b": unknown key "upstrem"']],
  ["mode: redirect, to: x", [
    'Cannot use "x" as "to": it does not begin with "https://" or "http://", expected a URL such ' +
    'as "https://new.example.org"',
  ]],
  ["mode: redirect, upstream: http://a", [
    'Cannot read route "a.b": key "to" is missing, expected a URL such as "https://new.example.org"',
    'Cannot use "http://a" as "upstream": mode "redirect" has no use for it',
  ]],
];

for (const [keys, told] of MISSING) {
  Deno.test(`checkMode tells what is missing from "${keys}"`, () => {
    assert.deepEqual(messagesOf(`{ hosts: [a.b], ${keys} }`), told);
  });
}

Deno.test("checkMode takes what defaults give for given", () => {
  assert.deepEqual(
    messagesOf("{ hosts: [a.b], mode: redirect }", "defaults: { to: https://c.d }"),
    [],
  );
});

Deno.test("checkMode hints at one edit for every key it refuses", () => {
  for (const mode of Object.keys(ROUTES) as Mode[]) {
    const keys = KEYS.filter(([key, modes]) =>
      !modes.includes(mode) && (!key.startsWith("http:") || key === "http: off") &&
      (!key.startsWith("upstreams") || mode === "reject" || mode === "redirect")
    ).map(([key]) => key);
    const text = `version: 1\nroutes: [{ ${ROUTES[mode]}, ${keys.join(", ")} }]`;
    const problems = problemsOf(parse(text));
    assert.equal(problems.length, keys.length, text);
    for (const { hint, message } of problems) {
      assert.match(message, new RegExp(`: mode "${mode}" has no use for it$`));
      assert.match(hint ?? "", /remove it|mode: offload|"to"/, message);
    }
  }
});
