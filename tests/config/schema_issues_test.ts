import assert from "node:assert/strict";
import { RouteSchema } from "../../lib/config/schema.ts";
import { reportIssue, reportUnknownKey } from "../../lib/config/schema_issues.ts";
import type { Path } from "../../lib/config/report.ts";
import { messagesOf, parse, problemsOf, reportOn } from "./parsing.ts";

const hintsOf = (text: string) => problemsOf(parse(text)).map(({ hint }) => hint);

/** What stands after `hosts` and `mode` in a route, and what is told. */
const MESSAGES: readonly [keys: string, told: readonly string[]][] = [
  ["upstrem: x", ['Cannot read route "a.b": unknown key "upstrem"']],
  ["tls: { cert: x }", [
    'Cannot read "tls" of route "a.b": unknown key "cert", expected "certificate"',
  ]],
  ["upstream: { url: 'h:1', port: 1 }", [
    'Cannot read "upstream" of route "a.b": unknown key "port", expected "url", "proxy_protocol", "weight" or "backup"',
  ]],
  ["upstream: [{ url: 'h:1', port: 1 }]", [
    'Cannot read "upstream" of route "a.b": unknown key "port", expected "url", "proxy_protocol", "weight" or "backup"',
  ]],
  ["upstream: [{ ulr: 'h:1' }]", [
    'Cannot read "upstream" of route "a.b": unknown key "ulr"',
  ]],
  ["upstream: [{}]", [
    'Cannot read "upstream" of route "a.b": key "url" is missing, expected an address such as ' +
    '"10.0.0.1:443"',
  ]],
  ["upstream: [h:1, 5]", [
    'Cannot use 5 as "upstream": wrong type, expected an address or a mapping with "url"',
  ]],
  ["upstream: true", [
    'Cannot use true as "upstream": wrong type, expected an address or a list of addresses',
  ]],
  ["upstream: []", [
    'Cannot use a list as "upstream": it is empty, expected at least one address',
  ]],
  ["upstream: ", [
    'Cannot use null as "upstream": value is missing, expected an address or a list of addresses',
  ]],
  ["upstream: h:1, http: [forward]", [
    'Cannot use a list as "http": wrong type, expected "forward", "redirect", "off" or ' +
    '"{ redirect: 301 }"',
  ]],
  ["upstream: h:1, http: forwrd", [
    'Cannot use "forwrd" as "http": value is not known, expected "forward", "redirect" or "off"',
  ]],
  ["upstream: h:1, http: { redirect: 1, to: x }", [
    'Cannot use 1 as "http.redirect": value is not known, expected 301, 302, 307 or 308',
    'Cannot read "http" of route "a.b": unknown key "to", expected "redirect"',
  ]],
  ["upstream: h:1, timeouts: 5s", [
    'Cannot use "5s" as "timeouts": wrong type, expected a mapping with keys such as "connect"',
  ]],
];

for (const [keys, told] of MESSAGES) {
  Deno.test(`reportIssue tells what is wrong with ${keys}`, () => {
    assert.deepEqual(messagesOf(`{ hosts: [a.b], mode: passthrough, ${keys} }`), told);
  });
}

const HINTS: readonly [text: string, hint: string | undefined][] = [
  ["routs: []", 'did you mean "routes"?'],
  ["http: off", 'put it into a route, or into "defaults" for every route'],
  ["hosts: [a.b]", "put it into a route"],
  ["defaults: { mode: reject }", "put it into a route"],
  ["defaults: { tsl: {} }", 'did you mean "tls"?'],
  ["defaults: { timeouts: { helo: 1s } }", 'did you mean "hello"?'],
  ["listen: { htps: ':1' }", 'did you mean "https"?'],
  ["quite_different: 1", undefined],
  ["log: { level: inf }", 'did you mean "info"?'],
  ["acme: { directory: zerossl }", undefined],
];

for (const [line, hint] of HINTS) {
  Deno.test(`reportUnknownKey and reportIssue hint at ${hint ?? "nothing"} for ${line}`, () => {
    const hints = hintsOf(`version: 1\nroutes: [{ hosts: [a.b], mode: reject }]\n${line}`);
    assert.deepEqual(hints, [hint]);
  });
}

Deno.test("reportIssue hints at a list for a lone text, and at an example for no routes", () => {
  assert.deepEqual(hintsOf("version: 1\nroutes: [{ hosts: a.b, mode: reject }]"), [
    'write it as a list: ["a.b"]',
  ]);
  const example = /^write for example "routes: \[\{ hosts: /;
  for (const text of ["version: 1", "version: 1\nroutes: []", "version: 1\nroutes: 5"]) {
    assert.match(hintsOf(text)[0]!, example);
  }
});

Deno.test("reportIssue says a key is missing, unless a key of the file is meant to be it", () => {
  const told = (text: string) => problemsOf(parse(text)).map(({ message }) => message);
  assert.deepEqual(told("version: 1\nrouts: [{ hosts: [a.b], mode: reject }]"), [
    'Cannot read "routes.yaml": unknown key "routs"',
  ]);
  assert.deepEqual(told("version: 1\nquite_different: 1"), [
    'Cannot read "routes.yaml": key "routes" is missing, expected a list of routes',
    'Cannot read "routes.yaml": unknown key "quite_different"',
  ]);
});

Deno.test("reportIssue and reportUnknownKey stand at the path they are given", () => {
  const { problems, report } = reportOn("routes:\n  - mode: nope\n    mod: 1\n");
  const path: Path = ["routes", 0];
  const issue = RouteSchema.shape.mode.safeParse("nope").error!.issues[0];
  reportIssue(issue, [...path, "mode"], report);
  reportUnknownKey(path, "mod", report);
  assert.deepEqual(problems.sorted().map(({ line, column }) => [line, column]), [[2, 11], [3, 5]]);
});
