import assert from "node:assert/strict";
import { isTrailerAllowed } from "../../../lib/http/http1/trailer_fields.ts";

Deno.test("isTrailerAllowed: what comes at the end because it could not be known before", () => {
  const names = ["Server-Timing", "Content-Digest", "ETag", "x-amz-checksum-sha256", "Grpc-Status"];
  for (const name of names) assert.equal(isTrailerAllowed(name, "1", [["Host", "a"]]), true, name);
});

Deno.test("isTrailerAllowed: nothing that decides about framing, routing or identity (RFC 9110 §6.5.1)", () => {
  const names = [
    "Transfer-Encoding",
    "content-length",
    "Content_Length",
    "TRAILER",
    "Connection",
    "TE",
    "Upgrade",
    "Host",
    "Max-Forwards",
    "Expect",
    "If-Match",
    "Range",
    "Cache-Control",
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "Set-Cookie",
    "WWW-Authenticate",
    "Content-Type",
    "Content-Encoding",
    "Content-Range",
    "X-Forwarded-For",
    "X_Forwarded_For",
    "x-forwarded_proto",
    "Forwarded",
    "X-Real-IP",
    "Remote-User",
    "X-Auth-Request-User",
    "Via",
    "X-Original-URL",
    "X_Rewrite_URL",
  ];
  for (const name of names) assert.equal(isTrailerAllowed(name, "1", []), false, name);
});

Deno.test("isTrailerAllowed: nothing that stands in the head", () => {
  const headers = [["X-User", "checked"], ["X_Group", "checked"]] as const;
  const cases: [string, boolean][] = [
    ["x-user", false],
    ["X_User", false],
    ["X-Group", false],
    ["X-Users", true],
  ];
  for (const [name, isAllowed] of cases) {
    assert.equal(isTrailerAllowed(name, "forged", headers), isAllowed, name);
  }
});

Deno.test("isTrailerAllowed: nothing that breaks the grammar", () => {
  for (const [name, value] of [["", "a"], ["a b", "a"], ["a:", "a"], ["a", "b\r\nc: d"]] as const) {
    assert.equal(isTrailerAllowed(name, value, []), false, name);
  }
});
