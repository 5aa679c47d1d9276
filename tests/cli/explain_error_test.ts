import assert from "node:assert/strict";
import { explainError } from "../../lib/cli/explain_error.ts";
import { StateError } from "../../lib/state/state_error.ts";

Deno.test("explainError: a port that takes rights has a hint, in the words of both engines", () => {
  for (const end of ["Permission denied", "Permission denied (os error 13)"]) {
    const error = `Cannot listen on [::]:443: ${end}`;
    const { hint } = explainError(new Error(error));
    assert.equal(hint, "ports below 1024 take root or CAP_NET_BIND_SERVICE");
    assert.equal(explainError(new Error(error)).error, error);
  }
});

Deno.test("explainError: the hint of what knows better stays, and others have none", () => {
  const known = new StateError("busy", "in use", { path: "/x", hint: "stop the other one" });
  assert.deepEqual(explainError(known), { error: "in use", hint: "stop the other one" });
  for (const error of ["Cannot listen on [::]:443: Address already in use", "Permission denied"]) {
    assert.equal(explainError(new Error(error)).hint, undefined);
  }
  assert.equal(explainError("text").error, "text");
});
