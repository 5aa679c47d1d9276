import assert from "node:assert/strict";
import { findFieldFault } from "../../../lib/http/http2/field_grammar.ts";
import { FIELD_MEANING } from "../../../lib/http/http2/field_meaning.ts";

function namesOf(meaning: string): string[] {
  return FIELD_MEANING.keys().filter((name) => FIELD_MEANING.get(name) === meaning).toArray()
    .sort();
}

Deno.test("FIELD_MEANING: what is not plain (RFC 9113 §8.2.2, §8.3.1)", () => {
  assert.deepEqual(namesOf("pseudo"), [":authority", ":method", ":path", ":scheme"]);
  assert.deepEqual(namesOf("connection"), [
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
  ]);
  assert.deepEqual(namesOf("special"), ["content-length", "cookie", "expect", "host", "te"]);
});

Deno.test("FIELD_MEANING: has names only, and none of answers' pseudo-fields", () => {
  for (const name of FIELD_MEANING.keys()) {
    assert.equal(findFieldFault([name, ""]), undefined, name);
  }
  assert.equal(FIELD_MEANING.has(":status"), false);
});
