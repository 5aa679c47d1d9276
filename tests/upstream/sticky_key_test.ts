import assert from "node:assert/strict";
import { stickyKey } from "../../lib/upstream/sticky_key.ts";

Deno.test("stickyKey: is the same for ever, and without the address in it", () => {
  // printf 'postern sticky 10.0.0.1:80' | sha256sum | head -c 16
  assert.equal(stickyKey("10.0.0.1:80"), "4ab466944cf0805a");
});

Deno.test("stickyKey: tells servers apart", () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `10.0.0.1:${index}`);
  assert.equal(new Set(names.map(stickyKey)).size, names.length);
});
