import assert from "node:assert/strict";
import { parseRequestTarget } from "../../../lib/http/http1/request_target.ts";

const TAKEN: readonly [method: string, text: string, target: string, authority?: string][] = [
  ["GET", "/", "/"],
  ["GET", "/a/../b//c?d=%zz&\\", "/a/../b//c?d=%zz&\\"],
  ["GET", "//b/c", "//b/c"],
  ["OPTIONS", "*", "*"],
  ["OPTIONS", "http://b", "*", "b"],
  ["OPTIONS", "http://b/", "/", "b"],
  ["GET", "http://b", "/", "b"],
  ["GET", "hTTps://b:1/c", "/c", "b:1"],
  ["GET", "http://b?c/d", "/?c/d", "b"],
  ["GET", "http://", "/", ""],
];
for (const [method, text, target, authority] of TAKEN) {
  Deno.test(`parseRequestTarget: ${method} ${text}`, () => {
    assert.deepEqual(parseRequestTarget(text, method), { kind: "target", target, authority });
  });
}

Deno.test("parseRequestTarget: refuses other forms", () => {
  const texts = ["*", "a", "a:443", "http:/b", "ftp://b/", "/a#b", "http://b/#", "*?a", "#", "?a"];
  for (const text of texts) {
    assert.equal(parseRequestTarget(text, "GET").kind, "malformed", text);
  }
});
