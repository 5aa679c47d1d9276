import assert from "node:assert/strict";
import { HOP_BY_HOP_FIELDS, isHopByHopField } from "../../lib/base/hop_by_hop.ts";

Deno.test("HOP_BY_HOP_FIELDS: RFC 9110 §7.6.1, what a proxy takes out is in it, in lower case", () => {
  const named = [
    "Connection",
    "Proxy-Connection",
    "Keep-Alive",
    "TE",
    "Transfer-Encoding",
    "Upgrade",
  ];
  for (const name of named) assert(HOP_BY_HOP_FIELDS.has(name.toLowerCase()), name);
  // RFC 9110 §6.6.2: announces what comes behind the body, and both may pass.
  assert(!HOP_BY_HOP_FIELDS.has("trailer"));
  for (const name of HOP_BY_HOP_FIELDS) assert.match(name, /^[a-z0-9-]+$/);
});

Deno.test("HOP_BY_HOP_FIELDS: RFC 9110 §11.7, a proxy's own authentication ends at the proxy", () => {
  assert(HOP_BY_HOP_FIELDS.has("proxy-authorization"));
  assert(HOP_BY_HOP_FIELDS.has("proxy-authenticate"));
  // A server's own goes through.
  assert(!HOP_BY_HOP_FIELDS.has("authorization") && !HOP_BY_HOP_FIELDS.has("www-authenticate"));
});

Deno.test("isHopByHopField: in any case, and no other name, also of the same length or a longer one", () => {
  for (const name of HOP_BY_HOP_FIELDS) {
    const cases = [name, name.toUpperCase(), name[0].toUpperCase() + name.slice(1)];
    for (const text of cases) assert(isHopByHopField(text), text);
    for (const text of [`${name}x`, `${name.slice(0, -1)}`, `${name.slice(0, -1)}_`]) {
      assert.equal(isHopByHopField(text), HOP_BY_HOP_FIELDS.has(text), text);
    }
  }
  for (const text of ["", "content-length", "content-type", "x".repeat(1_000)]) {
    assert(!isHopByHopField(text), text);
  }
});
