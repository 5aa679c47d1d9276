import assert from "node:assert/strict";
import { upstreamRequestHeaders } from "../../../lib/http/headers.ts";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { authRequestHeaders, vouchedHeaders } from "../../../lib/http/policy/auth_request.ts";
import { makeExchange } from "../../support/exchanges.ts";
import { makeForwardAuth } from "./forward_auth_configs.ts";

function headersOf(headers: readonly HeaderLine[], requestHeaders?: readonly string[]) {
  const exchange = makeExchange({ method: "PUT", target: "/a%2Fb?c=d", headers });
  return authRequestHeaders(exchange, makeForwardAuth({ requestHeaders }), "postern-test");
}

const TOLD: readonly HeaderLine[] = [
  ["X-Forwarded-For", "192.0.2.1"],
  ["X-Forwarded-Proto", "https"],
  ["X-Forwarded-Host", "app.example.org"],
  ["X-Real-IP", "192.0.2.1"],
  ["Forwarded", "for=192.0.2.1;host=app.example.org;proto=https"],
  ["Via", "1.1 postern-test"],
  ["X-Forwarded-Method", "PUT"],
  ["X-Forwarded-Uri", "/a%2Fb?c=d"],
];

Deno.test("authRequestHeaders: the auth server's Host, the client's headers, where it came from", () => {
  assert.deepEqual(headersOf([["Host", "app.example.org"], ["Cookie", "s=1"], ["Accept", "*/*"]]), [
    ["Host", "auth.example:9091"],
    ["Cookie", "s=1"],
    ["Accept", "*/*"],
    ...TOLD,
  ]);
});

const NOT_SENT: readonly string[] = [
  "Content-Length",
  "Content-Type",
  "Content-Encoding",
  "Transfer-Encoding",
  "Expect",
  "Connection",
  "Upgrade",
  // RFC 9110 §13 and §14: the answer would be neither yes nor no.
  "If-None-Match",
  "If-Modified-Since",
  "Range",
  // What would tell the auth server about another request.
  "X-Forwarded-Uri",
  "x-forwarded-method",
  "X_Forwarded_Host",
  "X-Forwarded-For",
  "Forwarded",
  "X-Real-IP",
  "X-Original-URL",
  "X-Original-Method",
  "x_original_uri",
  "X-HTTP-Method-Override",
];

for (const name of NOT_SENT) {
  Deno.test(`authRequestHeaders: a client's ${name} is not sent`, () => {
    assert.deepEqual(headersOf([[name, "forged"]]), [["Host", "auth.example:9091"], ...TOLD]);
  });
}

Deno.test("authRequestHeaders: with request_headers, these and where the client came from", () => {
  const headers = headersOf([["COOKIE", "s=1"], ["Accept", "*/*"], ["Host", "a"]], [
    "cookie",
    "host",
  ]);
  assert.deepEqual(headers, [["Host", "auth.example:9091"], ["COOKIE", "s=1"], ...TOLD]);
});

const NAMES = ["Remote-User", "Remote-Groups"];
const VOUCHED: readonly [why: string, own: HeaderLine[], said: HeaderLine[], then: HeaderLine[]][] =
  [
    ["copied under the name that is given", [["A", "b"]], [["remote-user", "alice"], ["X", "y"]], [
      ["A", "b"],
      ["Remote-User", "alice"],
    ]],
    ["taken from a client that sends them", [["Remote-User", "root"]], [["Remote-User", "alice"]], [
      ["Remote-User", "alice"],
    ]],
    ["taken from it if nobody vouches for any", [["remote-groups", "admin"], ["A", "b"]], [], [
      ["A", "b"],
    ]],
    [
      "taken from it however they are written",
      [["Remote_User", "root"], ["REMOTE-USER", "root"]],
      [],
      [],
    ],
    ["out of reach of Connection", [["Connection", "Remote-User, close"], ["Remote-User", "x"]], [
      ["Remote-User", "alice"],
    ], [["Remote-User", "alice"]]],
    ["copied however the auth server writes them", [], [["REMOTE_USER", "alice"]], [
      ["Remote-User", "alice"],
    ]],
    ["copied line by line", [], [["Remote-Groups", "a"], ["Remote-Groups", "b"]], [
      ["Remote-Groups", "a"],
      ["Remote-Groups", "b"],
    ]],
  ];

for (const [why, own, said, then] of VOUCHED) {
  Deno.test(`vouchedHeaders: they are ${why}`, () => {
    assert.deepEqual(vouchedHeaders(own, { headers: said }, NAMES), then);
  });
}

Deno.test("vouchedHeaders: a client cannot have them taken out on the way (RFC 9110 §7.6.1)", () => {
  const own: HeaderLine[] = [["Connection", "remote-user"]];
  const headers = vouchedHeaders(own, { headers: [["Remote-User", "alice"]] }, NAMES);
  const sent = upstreamRequestHeaders(makeExchange({ headers }), "postern-test");
  assert(sent.some(([name, value]) => name === "Remote-User" && value === "alice"));
});
