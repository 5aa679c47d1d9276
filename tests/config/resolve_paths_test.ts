import assert from "node:assert/strict";
import { formatPathPattern } from "../../lib/config/resolve_paths.ts";
import { parse, problemsOf, routeOf } from "./parsing.ts";
import { pathsOf, policyMessagesOf } from "./policy_lines.ts";

const PATTERNS: readonly [path: string, kind: "exact" | "prefix", own: string][] = [
  ["/api/*", "prefix", "/api"],
  ["/API/v1/*", "prefix", "/api/v1"],
  ["/*", "prefix", ""],
  ["/", "exact", "/"],
  ["/robots.txt", "exact", "/robots.txt"],
  ["/x/", "exact", "/x/"],
  ["/.well-known/*", "prefix", "/.well-known"],
  ["/My files/*", "prefix", "/my files"],
  ["/Über", "exact", "/über"],
  ["/u\u0308ber/日本/*", "prefix", "/über/日本"],
  ["/straße & co, (😀)/a+b@c/*", "prefix", "/straße & co, (😀)/a+b@c"],
];

for (const [path, kind, own] of PATTERNS) {
  Deno.test(`resolvePaths: ${path} is ${kind} "${own}"`, () => {
    const [{ pattern }] = pathsOf(`{ path: "${path}" }`);
    assert.deepEqual(pattern, { kind, path: own });
    assert.equal(formatPathPattern(pattern), path.toLowerCase().normalize("NFC"));
  });
}

const REWRITES: readonly [entry: string, rewrite: unknown][] = [
  ["path: /api/*", undefined],
  ["path: /api/*, strip_prefix: false", undefined],
  ["path: /*, strip_prefix: true", undefined],
  ["path: /api/*, strip_prefix: true", { segments: 1, by: "" }],
  ["path: /api/v1/*, strip_prefix: true", { segments: 2, by: "" }],
  ["path: /api/v1/*, strip_prefix: /api", { segments: 1, by: "" }],
  ["path: /api/v1/*, strip_prefix: /API/", { segments: 1, by: "" }],
  ["path: /api/x, strip_prefix: /api", { segments: 1, by: "" }],
  ["path: /api, strip_prefix: true", { segments: Infinity, by: "/" }],
  ["path: /my files/*, strip_prefix: true", { segments: 1, by: "" }],
  ["path: /my files/ü/*, strip_prefix: /My Files", { segments: 1, by: "" }],
  ["path: /api/*, rewrite: /my files/ü", { segments: 1, by: "/my%20files/%C3%BC" }],
  ["path: /ü, rewrite: /a%20b", { segments: Infinity, by: "/a%20b" }],
  ["path: /api/*, rewrite: /v2", { segments: 1, by: "/v2" }],
  ["path: /api/*, rewrite: /v2/", { segments: 1, by: "/v2" }],
  ["path: /api/*, rewrite: /", { segments: 1, by: "" }],
  ["path: /*, rewrite: /v2", { segments: 0, by: "/v2" }],
  ["path: /old, rewrite: /new/page", { segments: Infinity, by: "/new/page" }],
];

for (const [entry, rewrite] of REWRITES) {
  Deno.test(`resolvePaths: ${entry} is rewritten by ${JSON.stringify(rewrite)}`, () => {
    assert.deepEqual(pathsOf(`{ ${entry} }`)[0].rewrite, rewrite);
  });
}

const REDIRECTS: readonly [entry: string, redirect: unknown][] = [
  ["to: https://e.f", { location: "https://e.f", keepsTarget: true, status: 308 }],
  ["to: https://e.f/e, status: 301", {
    location: "https://e.f/e",
    keepsTarget: false,
    status: 301,
  }],
  ["to: /Über uns, status: 301", {
    location: "/%C3%9Cber%20uns",
    keepsTarget: false,
    status: 301,
  }],
  ["to: '/new?x=y', status: 302", { location: "/new?x=y", keepsTarget: false, status: 302 }],
];

for (const [entry, redirect] of REDIRECTS) {
  Deno.test(`resolvePaths: ${entry} redirects`, () => {
    assert.deepEqual(pathsOf(`{ path: /x, ${entry} }`)[0].redirect, redirect);
  });
}

Deno.test("resolvePaths: respond is a status, or a text with its type", () => {
  const [short, long] = pathsOf(
    "{ path: /a, respond: 404 }, { path: /b, respond: { body: 'x: y', content_type: text/yaml } }",
  );
  assert.deepEqual(short.respond, {
    status: 404,
    body: "",
    contentType: "text/plain; charset=utf-8",
  });
  assert.deepEqual(long.respond, { status: 200, body: "x: y", contentType: "text/yaml" });
});

Deno.test("resolvePaths: a path has its servers, or the route's very list", () => {
  const route = routeOf(
    "{ hosts: [a.b], mode: offload, upstream: http://b, " +
      "paths: [{ path: /a, upstreams: [http://c, http://d:1] }, { path: /b }] }",
  );
  assert.deepEqual(route.paths[0].servers.map(({ address }) => address), [
    { kind: "tcp", hostname: "c", port: 80 },
    { kind: "tcp", hostname: "d", port: 1 },
  ]);
  assert.equal(route.paths[1].servers, route.servers);
});

Deno.test("resolvePaths: the policies of a path are the route's, with its own put over them", () => {
  const route = routeOf(
    "{ hosts: [a.b], mode: offload, upstream: http://b, basic_auth: { users_file: u, realm: r }, " +
      "rate_limit: { requests: 5 }, compress: { min_size: 2KiB }, paths: [{ path: /a }, " +
      "{ path: /b, basic_auth: off }, { path: /c, basic_auth: { realm: s }, compress: true }, " +
      "{ path: /d, rate_limit: { burst: 2 } }] }",
  );
  const [a, b, c, d] = route.paths.map(({ policies }) => policies);
  const { policies } = route;
  assert.equal(a, policies);
  assert.equal(b.basicAuth, undefined);
  assert.equal(b.rateLimit, policies.rateLimit, "the same bucket");
  assert.deepEqual(c.basicAuth, { ...policies.basicAuth, realm: "s" });
  assert.equal(c.compress, policies.compress);
  assert.deepEqual(d.rateLimit, { scope: "a.b /d", requests: 5, perMs: 1_000, burst: 2 });
  assert.equal(d.basicAuth, policies.basicAuth);
});

Deno.test("resolvePaths: upstream_tls is for the servers of paths, too", () => {
  const route = "hosts: [a.b], mode: offload, upstream: http://b, upstream_tls: { ca: c.pem }, ";
  const { upstreamTls } = routeOf(`{ ${route} paths: [{ path: /a, upstream: https://c }] }`);
  assert.equal(upstreamTls.caFile, "/etc/postern/c.pem");
});

const WRONG: readonly [entries: string, told: string | RegExp][] = [
  [
    "{ path: api/* }",
    /^Cannot use "api\/\*" as "paths.path": it does not begin with "\/", expected/,
  ],
  ["{ path: /a/*/b }", /"\*" stands for everything below a path, at its end/],
  ["{ path: /a* }", /"\*" stands for everything below a path, at its end/],
  ["{ path: '/:id/*' }", /":" does not name a part of the path/],
  ["{ path: '/{id}' }", /"\{" does not name a part of the path/],
  ["{ path: '/a?b' }", /it has a query or a fragment/],
  [
    "{ path: '/%C3%BCber%20uns/*' }",
    /^Cannot use "\/%C3%BCber%20uns\/\*" as "paths.path": it is percent-encoded, expected/,
  ],
  ["{ path: '/a%2fb' }", /it is percent-encoded, and holds what cannot stand in it, expected/],
  ["{ path: '/a%FC' }", /it is percent-encoded, and holds what cannot stand in it, expected/],
  ["{ path: '/a%2520b' }", /it is percent-encoded, and holds what cannot stand in it, expected/],
  ["{ path: '/100%' }", /"%" cannot stand in it/],
  ['{ path: "/a\\u200bb" }', /cannot stand in it/],
  ['{ path: "/a\\u00a0b" }', /cannot stand in it/],
  ['{ path: "/a\\tb" }', /"\\t" cannot stand in it/],
  ['{ path: "/a\\uFFFDb" }', /cannot stand in it/],
  ['{ path: "/wer？" }', /some servers read a letter of it as "\?"/],
  ["{ path: /a…/* }", /a segment of it ends with "\."/],
  ["{ path: '/a /b' }", /a segment of it begins or ends with a space/],
  ["{ path: '/a/ b' }", /a segment of it begins or ends with a space/],
  ["{ path: /a;b }", /";" cannot stand in it/],
  ["{ path: '/a\\b' }", /cannot stand in it/],
  ["{ path: /a//b }", /it has an empty segment/],
  ["{ path: /a//* }", /it has an empty segment/],
  ["{ path: /a./* }", /a segment of it ends with "\."/],
  ["{ path: /a/b.. }", /a segment of it ends with "\."/],
  ["{ path: /a/../b }", /it has a segment "\." or "\.\."/],
  ["{ path: /./* }", /it has a segment "\." or "\.\."/],
  [
    "{ path: /a, strip_prefix: /b }",
    /^Cannot use "\/b" as "paths.strip_prefix": "path" does not begin/,
  ],
  ["{ path: /ab/*, strip_prefix: /a }", /"path" does not begin with it$/],
  ["{ path: /a, strip_prefix: /a/* }", /it ends in "\/\*"/],
  [
    "{ path: /a, strip_prefix: true, rewrite: /b }",
    /^Cannot read "paths" of route "a.b": "strip_prefix"/,
  ],
  ["{ path: /a, rewrite: 'b' }", /it does not begin with "\/"/],
  ['{ path: /a, rewrite: "/b\\tc" }', /"\\t" cannot stand in it/],
  ["{ path: /a, rewrite: '//b' }", /it has an empty segment/],
  ["{ path: /a, rewrite: '/b?c' }", /it has a query/],
  ["{ path: /a, rewrite: '/../b' }", /it has an empty segment, or one that is/],
  [
    '{ path: /a, to: "https://u:p@c.d/" }',
    /^Cannot use "https:\/\/\*\*\*@c.d\/" as "paths.to": it holds credentials, expected a URL such/,
  ],
  ['{ path: /a, to: "https://c.d/#e" }', /it has a fragment, expected a URL such as/],
  ['{ path: /a, to: "/#e" }', /it has a fragment, expected a URL such as/],
  ['{ path: /a, to: "https://c.d:99999/" }', /its port is out of range, expected a URL/],
  [
    '{ path: /a, to: "https:///c" }',
    /it does not begin with "https:\/\/" or "http:\/\/", expected/,
  ],
  [
    '{ path: /a, to: "mailto:a@b.c" }',
    /it does not begin with "https:\/\/", "http:\/\/" or "\/", exp/,
  ],
  ["{ path: /a, to: b }", /it does not begin with "https:\/\/", "http:\/\/" or "\/", expected/],
  [
    "{ path: /a, to: 5 }",
    /wrong type, expected a URL such as "https:\/\/new.example.org" or a path/,
  ],
  ["{ path: /a, to: '//evil.example' }", /it would be read as another host/],
  ["{ path: /a, to: '/\\evil.example' }", /it would be read as another host/],
  [
    "{ path: /a, to: /b, upstream: http://c }",
    /^Cannot read "paths" of route "a.b": "upstream" is given as/,
  ],
  ["{ path: /a, to: /b, respond: 404 }", /"to" is given as well$/],
  ["{ path: /a, upstream: http://c, respond: 404 }", /"upstream" is given as well$/],
  ["{ path: /a, upstream: http://c, upstreams: http://d }", /"upstream" is given as well$/],
  ["{ path: /a, status: 301 }", /it is the status of "to", which is not given$/],
  [
    "{ path: /a, respond: 404, strip_prefix: true }",
    /no upstream and no redirect is told the path$/,
  ],
  ["{ path: /a, to: /b, rewrite: /c }", /no upstream and no redirect is told the path$/],
  [
    "{ path: /a, respond: 404, request_headers: { remove: [A] } }",
    /"paths.request_headers": no upstream gets these requests$/,
  ],
  [
    "{ path: /a, to: /b, host_header: upstream }",
    /"paths.host_header": no upstream gets these requests$/,
  ],
  ["{ path: /a, respond: 199 }", /it is out of range, expected a number from 200 to 599$/],
  ["{ path: /a, upstream: b:1 }", /as "paths.upstream": scheme is missing/],
  ["{ path: /a, hosts: [x] }", /unknown key "hosts"/],
  ["{ upstream: http://c }", /key "path" is missing/],
  [
    "{ path: /a/* }, { path: /a/b }",
    /^Cannot use "\/a\/b" as "paths.path": "\/a\/\*" at line 3, column \d+/,
  ],
  ["{ path: /a/* }, { path: /A/* }", /matches it before$/],
  ["{ path: /a }, { path: /a }", /matches it before$/],
  ["{ path: /* }, { path: /a }", /matches it before$/],
  ["{ path: /Ü/* }, { path: /ü/b }", /matches it before$/],
  [
    "{ path: /strasse/* }, { path: /straße/x }",
    /^Cannot use "\/straße\/x" as "paths.path": some servers do not tell it from "\/strasse\/\*" at line/,
  ],
  ["{ path: /a b }, { path: /a+b }", /some servers do not tell it from "\/a b"/],
];

for (const [entries, told] of WRONG) {
  Deno.test(`resolvePaths refuses ${entries}`, () => {
    const messages = policyMessagesOf(`paths: [${entries}]`);
    assert.equal(messages.length, 1, messages.join("\n"));
    assert.match(messages[0], told as RegExp);
  });
}

Deno.test("resolvePaths: what is escaped is shown as it should be written", () => {
  const hintOf = (path: string) =>
    problemsOf(parse(
      "version: 1\nroutes: [{ hosts: [a.b], mode: offload, upstream: http://b, " +
        `paths: [{ path: '${path}' }] }]`,
    ))[0].hint;
  assert.equal(hintOf("/my%20files/%C3%BC/*"), 'write "/my files/ü/*"');
  assert.equal(hintOf("/%2561"), undefined);
});

Deno.test("resolvePaths: what is not hidden is fine", () => {
  for (
    const entries of [
      "{ path: /a }, { path: /a/* }",
      "{ path: /a/* }, { path: /ab }",
      "{ path: /a/b }, { path: /a/ }",
      "{ path: /uber/* }, { path: /über/* }",
      "{ path: /straße/x }, { path: /strasse/* }",
    ]
  ) {
    assert.deepEqual(policyMessagesOf(`paths: [${entries}]`), []);
  }
});

Deno.test("resolvePaths warns of a guard that covers one spelling only", () => {
  const route = (path: string) =>
    `version: 1\nroutes: [{ hosts: [a.b], mode: offload, upstream: http://b, paths: [${path}] }]`;
  const result = parse(route("{ path: /login, forward_auth: { url: http://a } }"));
  assert.equal(result.kind, "config");
  const [{ severity, hint }] = problemsOf(result);
  assert.deepEqual([severity, hint], ["warning", 'write "/login/*"']);
  for (
    const fine of [
      "{ path: /login/*, forward_auth: { url: http://a } }",
      "{ path: /x, basic_auth: off }",
    ]
  ) {
    assert.deepEqual(problemsOf(parse(route(fine))), []);
  }
});
