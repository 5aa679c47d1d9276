import assert from "node:assert/strict";
import { AcmeError, bodyError } from "../../lib/acme/acme_error.ts";

const URN = "urn:ietf:params:acme:error:";

Deno.test("bodyError reads problem documents and whatever else is sent", () => {
  const cases: [body: string, type: string, detail: string][] = [
    [`{"type":"${URN}rateLimited","detail":"slow down"}`, "rateLimited", "slow down"],
    [`{"type":"about:blank","detail":"x"}`, "about:blank", "x"],
    [`{"detail":7,"type":[]}`, "", "no detail given"],
    ["{}", "", "no detail given"],
    ["[]", "", "[]"],
    ["null", "", "null"],
    ["", "", "empty answer"],
    ["<html>\n<h1>502 Bad Gateway</h1></html>", "", "502 Bad Gateway"],
  ];
  for (const [body, type, detail] of cases) {
    const error = bodyError(body, { status: 429, retryAfterMs: 5 });
    assert.deepEqual(
      { kind: error.kind, status: error.status, type: error.type, detail: error.detail },
      { kind: "problem", status: 429, type, detail },
    );
    assert.equal(error.retryAfterMs, 5);
  }
});

Deno.test("bodyError keeps subproblems, but not without bound", () => {
  const subproblem = { type: `${URN}dns`, detail: "NXDOMAIN", identifier: { value: "a" } };
  const body = JSON.stringify({ type: `${URN}compound`, subproblems: Array(50).fill(subproblem) });
  const { subproblems } = bodyError(body, { status: 400 });
  assert.equal(subproblems.length, 20);
  assert.deepEqual(subproblems[0], { type: "dns", detail: "NXDOMAIN" });
  assert.ok(bodyError("x".repeat(100_000), { status: 500 }).message.length < 600);
});

Deno.test("AcmeError takes tokens out of what a CA quotes, and leaves the rest", () => {
  const token = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
  const cases: [detail: string, shown: string][] = [
    [
      `Fetching http://a.example/.well-known/acme-challenge/${token}: refused`,
      "Fetching http://a.example/.well-known/acme-challenge/…: refused",
    ],
    [
      `The key authorization "${token}.${token}" != "<html>"`,
      'The key authorization "…" != "<html>"',
    ],
    ["no A record for app.example.org", "no A record for app.example.org"],
  ];
  for (const [detail, shown] of cases) {
    const error = new AcmeError("problem", { detail });
    assert.equal(error.detail, shown);
    assert.ok(!error.message.includes(token));
  }
});
