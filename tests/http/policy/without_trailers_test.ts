import assert from "node:assert/strict";
import { withoutTrailers } from "../../../lib/http/policy/without_trailers.ts";
import { makeBody } from "../../support/upstream_requests.ts";

Deno.test("withoutTrailers: RFC 9110 §6.5.1, a name is dropped however it is written", async () => {
  const body = withoutTrailers(
    makeBody(["hello"], {
      trailers: [["X_User", "admin"], ["x-user", "root"], ["X-Sum", "1"], ["X-Users", "2"]],
    }),
    ["X-User"],
  )!;
  assert.deepEqual([body.length, body.trailers, body.isTouched], [undefined, [], false]);
  const target = new Uint8Array(9);
  assert.deepEqual([await body.read(target), await body.read(target)], [5, 0]);
  assert.equal(new TextDecoder().decode(target.subarray(0, 5)), "hello");
  assert.deepEqual(body.trailers, [["X-Sum", "1"], ["X-Users", "2"]]);
  assert.equal(body.isTouched, true);
});

Deno.test("withoutTrailers: cancels what it stands around", () => {
  const inner = makeBody([]);
  withoutTrailers(inner, ["a"])!.cancel();
  assert.equal(inner.isCancelled, true);
});

Deno.test("withoutTrailers: what has no trailers, or nothing to be dropped, stays as it is", () => {
  const [known, unknown] = [makeBody([], { length: 0 }), makeBody([])];
  assert.equal(withoutTrailers(undefined, ["a"]), undefined);
  assert.equal(withoutTrailers(known, ["a"]), known);
  assert.equal(withoutTrailers(unknown, []), unknown);
});
