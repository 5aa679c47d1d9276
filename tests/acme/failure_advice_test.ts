import assert from "node:assert/strict";
import { AcmeError } from "../../lib/acme/acme_error.ts";
import { adviseFailure } from "../../lib/acme/failure_advice.ts";
import { StateError } from "../../lib/state/state_error.ts";

Deno.test("adviseFailure names what a person can do", () => {
  const acme = (type: string) => new AcmeError("problem", { type, detail: "d", status: 400 });
  const unreachable = (detail: string) => new AcmeError("unreachable", { detail });
  const cases: [error: unknown, hint: RegExp | undefined][] = [
    [acme("connection"), /reach http:\/\/a\.example\/\.well-known.* on port 80: open/],
    [acme("dns"), /A or AAAA record of a\.example/],
    [acme("unauthorized"), /somebody else answers/],
    [acme("caa"), /dig CAA a\.example/],
    [acme("rateLimited"), /tried again later/],
    [acme("rejectedIdentifier"), /certificate: internal/],
    [acme("invalidContact"), /acme\.email/],
    [acme("somethingNew"), undefined],
    [unreachable("invalid peer certificate: UnknownIssuer"), /acme\.ca/],
    [unreachable("dns error"), /can reach/],
    [new AcmeError("unexpected", { detail: "HTML" }), /acme\.directory/],
    [new AcmeError("timeout", { detail: "slow" }), /slow/],
    [new StateError("full", "full", { path: "p", hint: "free space" }), /free space/],
    [new Error("bug"), undefined],
    ["thrown text", undefined],
  ];
  for (const [error, hint] of cases) {
    const advice = adviseFailure(error, "a.example");
    if (hint === undefined) assert.equal(advice.hint, undefined);
    else assert.match(advice.hint ?? "", hint);
    assert.notEqual(advice.reason, "");
  }
});

Deno.test("adviseFailure looks into subproblems and hands on what the CA asked for", () => {
  const error = new AcmeError("problem", {
    type: "compound",
    detail: "several",
    retryAfterMs: 7_000,
    subproblems: [{ type: "dns", detail: "NXDOMAIN" }],
  });
  const advice = adviseFailure(error, "a.example");
  assert.equal(advice.reason, "compound: several; dns: NXDOMAIN");
  assert.match(advice.hint!, /A or AAAA/);
  assert.equal(advice.retryAfterMs, 7_000);
});
