import assert from "node:assert/strict";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { dashed, withoutNames } from "../../../lib/http/policy/without_names.ts";

Deno.test("withoutNames: names are the same in every case, and with _ for -", () => {
  const lines: HeaderLine[] = [["X-User", "a"], ["x_user", "b"], ["X-Users", "c"], ["Via", "d"]];
  assert.deepEqual(withoutNames(lines, ["X_USER", "via"]), [["X-Users", "c"]]);
  assert.deepEqual(withoutNames(lines, []), lines);
  assert.equal(lines.length, 4);
});

Deno.test("dashed: is what CGI and WSGI cannot tell apart", () => {
  assert.equal(dashed("Remote_User"), dashed("remote-user"));
  assert.notEqual(dashed("remoteuser"), dashed("remote-user"));
});
