import assert from "node:assert/strict";
import { errorText, Failure, type FailureKind, FAILURES } from "../../lib/base/failures.ts";

Deno.test("Failure: has the facts of its kind", () => {
  const cause = new Error("os error 111");
  const failure = new Failure("upstream_refused", "Cannot connect to 192.0.2.1:80", { cause });
  assert.ok(failure instanceof Error);
  assert.equal(failure.name, "Failure");
  assert.equal(failure.message, "Cannot connect to 192.0.2.1:80");
  assert.equal(failure.cause, cause);
  const { kind, fault, retryable, status } = failure;
  assert.deepEqual({ kind, fault, retryable, status }, {
    kind: "upstream_refused",
    fault: "upstream",
    retryable: true,
    status: 502,
  });
});

Deno.test("FAILURES: a client is told whose fault it is", () => {
  for (const kind of Object.keys(FAILURES) as FailureKind[]) {
    const { fault, status } = new Failure(kind, "");
    const statuses =
      { client: [400, 408, 413, 499], upstream: [502, 503, 504], self: [503] }[fault];
    assert.ok(statuses.includes(status), `${kind} is ${status}`);
    assert.equal(status === 504, kind.endsWith("timeout"), kind);
  }
});

Deno.test("FAILURES: what may have reached an application is not sent again", () => {
  const retryable = (Object.keys(FAILURES) as FailureKind[])
    .filter((kind) => new Failure(kind, "").retryable);
  assert.deepEqual(retryable, [
    "upstream_unresolved",
    "upstream_refused",
    "upstream_connect_timeout",
    "upstream_tls",
    "upstream_untrusted",
    "upstream_stale",
  ]);
});

Deno.test("errorText: finds a text in anything that was thrown", () => {
  assert.equal(errorText(new TypeError("no")), "no");
  assert.equal(errorText("text"), "text");
  assert.equal(errorText(undefined), "undefined");
  assert.equal(errorText(null), "null");
});
