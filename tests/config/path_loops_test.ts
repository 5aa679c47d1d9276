import assert from "node:assert/strict";
import { coversPath } from "../../lib/config/path_loops.ts";
import { policyMessagesOf } from "./policy_lines.ts";

const LOOPS: readonly [entries: string, to: readonly string[]][] = [
  ["{ path: /a, to: /a }", ["/a"]],
  ["{ path: /a, to: /A }", ["/A"]],
  ["{ path: /a, to: /%61 }", ["/%61"]],
  ["{ path: /a, to: '/a?x=y' }", ["/a?x=y"]],
  ["{ path: /docs/*, to: /docs/ }", ["/docs/"]],
  ["{ path: /docs/*, to: /docs }", ["/docs"]],
  ["{ path: /docs/*, to: /docs/new/page }", ["/docs/new/page"]],
  ["{ path: /Über uns/*, to: /über uns/x }", ["/über uns/x"]],
  ["{ path: /a, to: 'https://a.b/a' }", ["https://a.b/a"]],
  ["{ path: /a, to: 'https://C.D:443/x/../a' }", ["https://C.D:443/x/../a"]],
  ["{ path: /a, to: 'http://a.b/a' }", ["http://a.b/a"]],
  ["{ path: /*, to: 'https://a.b' }", ["https://a.b"]],
  ["{ path: /x, respond: 404 }, { path: /*, to: 'https://a.b' }", ["https://a.b"]],
  ["{ path: /a/*, to: 'https://a.b', rewrite: /a/b }", ["https://a.b"]],
  ["{ path: /*, to: 'https://a.b', rewrite: /v2 }", ["https://a.b"]],
  ["{ path: /a, to: 'https://a.b', rewrite: /a }", ["https://a.b"]],
  // Over another one.
  ["{ path: /a, to: /b }, { path: /b, to: /a }", ["/b", "/a"]],
  ["{ path: /a, to: /b }, { path: /b/*, to: 'https://a.b/c' }, { path: /c, to: /b }", [
    "https://a.b/c",
    "/b",
  ]],
];

for (const [entries, to] of LOOPS) {
  Deno.test(`reportLoops: ${entries} lead back`, () => {
    const messages = to.map((each) =>
      `Cannot use "${each}" as "paths.to": it leads back to this route, for ever`
    );
    assert.deepEqual(policyMessagesOf(`paths: [${entries}]`), messages);
  });
}

const FINE: readonly string[] = [
  "{ path: /docs, to: /docs/ }",
  "{ path: /a/*, to: /b }",
  "{ path: /a/*, to: /ab }",
  "{ path: /a, to: 'https://e.f/a' }",
  "{ path: /a, to: 'https://a.b:8443/a' }",
  "{ path: /a, to: 'https://a.b/b' }",
  "{ path: /*, to: 'https://e.f' }",
  "{ path: /a/x, respond: 200 }, { path: /a/*, to: /a/x }",
  "{ path: /a/x }, { path: /a/*, to: /a/x }",
  "{ path: /a/*, to: 'https://a.b', strip_prefix: true }",
  "{ path: /a/*, to: 'https://a.b', rewrite: /b }",
  "{ path: /new/*, respond: 200 }, { path: /*, to: 'https://a.b', rewrite: /new }",
  "{ path: /a/b/*, to: 'https://a.b', strip_prefix: /a }",
  "{ path: /straße/*, to: /strasse-neu }",
];

for (const entries of FINE) {
  Deno.test(`reportLoops: ${entries} come to an end`, () => {
    assert.deepEqual(policyMessagesOf(`paths: [${entries}]`), []);
  });
}

Deno.test("coversPath: a prefix covers itself and what is below it, an exact path itself", () => {
  const prefix = (path: string) => ({ kind: "prefix", path } as const);
  const exact = (path: string) => ({ kind: "exact", path } as const);
  assert.deepEqual([
    coversPath(prefix("/a"), exact("/a")),
    coversPath(prefix("/a"), prefix("/a/b")),
    coversPath(prefix(""), exact("/")),
    coversPath(exact("/a"), exact("/a")),
    coversPath(prefix("/a"), exact("/ab")),
    coversPath(exact("/a"), prefix("/a")),
    coversPath(prefix("/a/b"), prefix("/a")),
  ], [true, true, true, true, false, false, false]);
});
