import assert from "node:assert/strict";
import { HASH, pathsOf, policiesOf, policyMessagesOf } from "./policy_lines.ts";

Deno.test("resolveBasicAuth: users, a file, a realm, and what stands in the defaults", () => {
  const { basicAuth } = policiesOf(`basic_auth: { users: { alice: ${HASH}, "Bob B": ${HASH} } }`);
  assert.deepEqual([...basicAuth!.users.keys()], ["alice", "Bob B"]);
  assert.deepEqual([basicAuth!.users.get("alice")!.N, basicAuth!.users.get("alice")!.p], [
    16_384,
    5,
  ]);
  assert.deepEqual([basicAuth!.realm, basicAuth!.usersFile, basicAuth!.passes], [
    "Postern",
    undefined,
    false,
  ]);
  const merged = policiesOf(
    "basic_auth: { pass: true }",
    "{ basic_auth: { users_file: u, realm: x } }",
  );
  assert.deepEqual(merged.basicAuth, {
    realm: "x",
    users: new Map(),
    usersFile: "/etc/postern/u",
    passes: true,
  });
  assert.deepEqual(policiesOf("basic_auth: off", "{ basic_auth: { users_file: u } }"), {});
});

Deno.test("resolveBasicAuth: who names users means these and no others", () => {
  const [path] = pathsOf(
    `{ path: /admin/*, basic_auth: { users: { root: ${HASH} } } }`,
    "basic_auth: { users_file: everybody, realm: x }",
  );
  assert.equal(path.policies.basicAuth!.usersFile, undefined);
  assert.deepEqual([...path.policies.basicAuth!.users.keys()], ["root"]);
  assert.equal(path.policies.basicAuth!.realm, "x");
});

Deno.test("resolveForwardAuth: where the subrequest goes, and what is copied", () => {
  const { forwardAuth } = policiesOf(
    'forward_auth: { url: "http://Authelia:9091/api/verify?rd=x", copy_headers: [Remote-User], ' +
      "request_headers: [Cookie], timeout: 2s }",
  );
  const { server, ...rest } = forwardAuth!;
  assert.deepEqual([server.address, server.scheme, server.proxyProtocol], [
    { kind: "tcp", hostname: "authelia", port: 9_091 },
    "http",
    "off",
  ]);
  assert.deepEqual(rest, {
    target: "/api/verify?rd=x",
    authority: "Authelia:9091",
    copyHeaders: ["Remote-User"],
    requestHeaders: ["cookie"],
    timeoutMs: 2_000,
  });
  const plain = policiesOf("forward_auth: { url: https://auth.example.org }").forwardAuth!;
  assert.deepEqual([plain.target, plain.authority, plain.copyHeaders, plain.requestHeaders], [
    "/",
    "auth.example.org",
    [],
    undefined,
  ]);
  assert.deepEqual([plain.server.address, plain.timeoutMs], [
    { kind: "tcp", hostname: "auth.example.org", port: 443 },
    10_000,
  ]);
});

Deno.test("resolveRateLimit: a bucket per host and path, as large as a period's requests", () => {
  assert.deepEqual(policiesOf("rate_limit: { requests: 100, per: 1m }").rateLimit, {
    scope: "a.b",
    requests: 100,
    perMs: 60_000,
    burst: 100,
  });
  assert.deepEqual(
    policiesOf("rate_limit: { burst: 5 }", "{ rate_limit: { requests: 2, key: address } }")
      .rateLimit,
    { scope: "a.b", requests: 2, perMs: 1_000, burst: 5 },
  );
  const [own, shared] = pathsOf(
    "{ path: /login/*, rate_limit: { requests: 1 } }, { path: /x }",
    "rate_limit: { requests: 9 }",
  );
  assert.equal(own.policies.rateLimit!.scope, "a.b /login/*");
  assert.equal(shared.policies.rateLimit!.scope, "a.b");
});

const WRONG: readonly [keys: string, told: string][] = [
  [
    "basic_auth: { realm: x }",
    'Cannot use a mapping as "basic_auth": it has no user, expected "users" or "users_file"',
  ],
  [
    "basic_auth: { users: {} }",
    'Cannot use a mapping as "basic_auth": it has no user, expected "users" or "users_file"',
  ],
  [
    "basic_auth: { users: { alice: hunter2 } }",
    'Cannot use this value as "basic_auth.users.alice": it is not a hash, expected what ' +
    '"postern hash-password" prints',
  ],
  [
    "basic_auth: { users: { alice: $2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe } }",
    'Cannot use this value as "basic_auth.users.alice": it is a hash of another kind, expected what ' +
    '"postern hash-password" prints',
  ],
  [
    `basic_auth: { users: { "a:b": ${HASH} } }`,
    'Cannot read "basic_auth.users" of route "a.b": the user\'s name "a:b" has a colon, behind which ' +
    "browsers send the password",
  ],
  [
    `basic_auth: { users: { "": ${HASH} } }`,
    'Cannot read "basic_auth.users" of route "a.b": a user\'s name is empty',
  ],
  [
    `basic_auth: { users: { "a\\tb": ${HASH} } }`,
    'Cannot read "basic_auth.users" of route "a.b": the user\'s name "a\\tb" has a control character',
  ],
  [
    `basic_auth: { users: { ${"a".repeat(256)}: ${HASH} } }`,
    'Cannot read "basic_auth.users" of route "a.b": the user\'s name "' + "a".repeat(80) +
    '…" is too long',
  ],
  [
    `basic_auth: { users: { a: ${HASH} }, realm: 'a "b"' }`,
    'Cannot use "a \\"b\\"" as "basic_auth.realm": it cannot be a realm, expected a text of visible ' +
    "ASCII, without quotes",
  ],
  [
    "basic_auth: on",
    'Cannot use "on" as "basic_auth": value is not known, expected "off" or a mapping with keys such ' +
    'as "users"',
  ],
  [
    "forward_auth: { copy_headers: [A] }",
    'Cannot use a mapping as "forward_auth": key "url" is missing, expected a URL such as ' +
    '"http://authelia:9091/api/authz/forward-auth"',
  ],
  [
    "forward_auth: { url: authelia:9091 }",
    'Cannot use "authelia:9091" as "forward_auth.url": it does not begin with "http://" or ' +
    '"https://", expected a URL such as "http://authelia:9091/api/authz/forward-auth"',
  ],
  [
    "forward_auth: { url: 'http://127.0.0.1:443/' }",
    'Cannot use a mapping as "forward_auth": Postern itself listens there, expected the server\'s ' +
    "own address",
  ],
  [
    "forward_auth: { url: http://a, copy_headers: [X-Forwarded-For] }",
    'Cannot use "X-Forwarded-For" as "forward_auth.copy_headers": it belongs to the connection or ' +
    "the message, and is not copied, expected the name of a header",
  ],
  [
    "forward_auth: { url: http://a, copy_headers: ['a b'] }",
    'Cannot use "a b" as "forward_auth.copy_headers": it cannot be a header\'s name, expected the name ' +
    "of a header",
  ],
  [
    "rate_limit: { per: 1m }",
    'Cannot use a mapping as "rate_limit": key "requests" is missing, expected a number of requests',
  ],
  [
    "rate_limit: { requests: 0 }",
    'Cannot use 0 as "rate_limit.requests": it is out of range, expected a number from 1 to 1000000',
  ],
  [
    "rate_limit: { requests: 1, key: header }",
    'Cannot use "header" as "rate_limit.key": value is not known, expected "address"',
  ],
];

for (const [keys, told] of WRONG) {
  Deno.test(`resolve_access refuses ${keys.slice(0, 70)}`, () => {
    assert.deepEqual(policyMessagesOf(keys), [told]);
  });
}

Deno.test("resolve_access: a mistake in the defaults is told once, where it stands", () => {
  assert.deepEqual(
    policyMessagesOf("paths: [{ path: /x, compress: true }]", "{ rate_limit: { per: 1m } }"),
    [
      'Cannot use a mapping as "defaults.rate_limit": key "requests" is missing, expected a number of ' +
      "requests",
    ],
  );
});
