import assert from "node:assert/strict";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { dashed, withoutNames } from "../../../lib/http/policy/without_names.ts";

Deno.test("withoutNames: names are the same in every case, and with any sign for -", () => {
  const lines: HeaderLine[] = ["X-User", "x_user", "X.User", "X!uSER", "X-Users", "XUser", "Via"]
    .map((name) => [name, "1"]);
  assert.deepEqual(withoutNames(lines, ["X_USER", "via"]), [["X-Users", "1"], ["XUser", "1"]]);
  assert.deepEqual(withoutNames(lines, []), lines);
  assert.equal(lines.length, 7);
});

Deno.test("dashed: is what CGI, WSGI, PHP or lighttpd cannot tell apart", () => {
  // RFC 9110 §5.6.2: all signs of a token.
  for (const sign of "!#$%&'*+-.^_`|~") assert.equal(dashed(`Remote${sign}User`), "remote-user");
  assert.equal(dashed("X-B3-TraceId"), "x-b3-traceid");
  assert.notEqual(dashed("remoteuser"), dashed("remote-user"));
});
