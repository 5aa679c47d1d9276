import assert from "node:assert/strict";
import { FIELD_RULES, LITERAL } from "../../../../lib/http/http2/hpack/field_rules.ts";
import { STATIC_FIELDS } from "../../../../lib/http/http2/hpack/static_table.ts";

Deno.test("FIELD_RULES: a name's index is the first one of the static table", () => {
  for (const { name, staticIndex } of FIELD_RULES.values()) {
    const index = STATIC_FIELDS.findIndex((field) => field[0] === name);
    assert.equal(staticIndex, Math.max(0, index), name);
  }
});

Deno.test("FIELD_RULES: no pseudo-field, and no name that is none", () => {
  for (const [key, { name }] of FIELD_RULES) {
    assert.equal(key, name);
    assert.match(name, /^[a-z][a-z0-9-]*$/);
  }
});

Deno.test("FIELD_RULES: what repeats is entered, what changes is not, and secrets never are", () => {
  const literalOf = (name: string) => FIELD_RULES.get(name)?.literal;
  for (const name of ["server", "content-type", "cache-control", "via", "vary", "allow"]) {
    assert.equal(literalOf(name), LITERAL.incremental, name);
  }
  for (const name of ["date", "etag", "last-modified", "content-length", "location", "age"]) {
    assert.equal(literalOf(name), LITERAL.withoutIndexing, name);
  }
  for (const name of ["set-cookie", "authorization", "www-authenticate"]) {
    assert.equal(literalOf(name), LITERAL.neverIndexed, name);
  }
});

Deno.test("FIELD_RULES: what is entered has a static name, so that a name alone tells its index", () => {
  for (const { name, literal, staticIndex } of FIELD_RULES.values()) {
    if (literal === LITERAL.incremental) assert.ok(staticIndex > 0, name);
  }
});
