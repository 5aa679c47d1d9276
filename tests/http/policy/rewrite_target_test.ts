import assert from "node:assert/strict";
import { rewriteTarget } from "../../../lib/http/policy/rewrite_target.ts";

const STRIP = { segments: 1, by: "" };
const CASES: readonly [target: string, rewrite: typeof STRIP, rewritten: string | undefined][] = [
  ["/api/x", STRIP, "/x"],
  ["/api/x?y=/api/z", STRIP, "/x?y=/api/z"],
  ["/api", STRIP, "/"],
  ["/api/", STRIP, "/"],
  ["/api?x", STRIP, "/?x"],
  ["/api/?x", STRIP, "/?x"],
  ["/%61pi/x%2Fy", STRIP, "/x%2Fy"],
  ["/API/%zz/", STRIP, "/%zz/"],
  ["*", STRIP, "*"],
  ["/a/b/c/d", { segments: 2, by: "" }, "/c/d"],
  ["/api/x", { segments: 1, by: "/v2" }, "/v2/x"],
  ["/api", { segments: 1, by: "/v2" }, "/v2"],
  ["/api?q", { segments: 1, by: "/v2" }, "/v2?q"],
  ["/api//x", { segments: 1, by: "/v2" }, "/v2//x"],
  ["/x/y", { segments: 0, by: "/v2" }, "/v2/x/y"],
  ["/whatever?q", { segments: Infinity, by: "/y.html" }, "/y.html?q"],
  ["/a/b", { segments: Infinity, by: "/" }, "/"],
  // Below what is stripped they would lead elsewhere than above it.
  ["/api/../api/x", STRIP, undefined],
  ["/api/x/%2e%2e/y", STRIP, undefined],
  ["/api/x/..;/y", STRIP, undefined],
  // As a reference these name another host (RFC 3986 §4.2, and what browsers make of a backslash).
  ["/api//evil.example/x", STRIP, undefined],
  ["/api/\\evil.example", STRIP, undefined],
  ["/api///", STRIP, undefined],
];

for (const [target, rewrite, rewritten] of CASES) {
  const { segments, by } = rewrite;
  Deno.test(`rewriteTarget: ${target} less ${segments} by "${by}" is ${rewritten}`, () => {
    assert.equal(rewriteTarget(target, rewrite), rewritten);
  });
}
