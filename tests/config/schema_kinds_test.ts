import assert from "node:assert/strict";
import { z } from "zod";
import { choice, list, mapping, oneOrMore, wholeNumber } from "../../lib/config/schema_kinds.ts";

/** The first message about a value, undefined if it is fine. */
function told(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0].message;
}

Deno.test("choice: one of the words", () => {
  const schema = choice(["a", "b"]);
  assert.equal(told(schema, "a"), undefined);
  assert.equal(told(schema, "c"), 'value is not known, expected "a" or "b"');
  assert.equal(told(schema, 1), 'value is not known, expected "a" or "b"');
});

Deno.test("mapping: its keys and no others", () => {
  const schema = mapping({ a: z.string().optional() });
  assert.equal(told(schema, { a: "x" }), undefined);
  assert.match(told(schema, { b: "x" })!, /expected a mapping with keys such as "a"$/);
  assert.match(told(schema, "x")!, /^wrong type, expected a mapping/);
});

Deno.test("list and oneOrMore: a lone value is a list of one", () => {
  assert.equal(
    told(list(z.string(), "a list of words"), "x"),
    "wrong type, expected a list of words",
  );
  const some = oneOrMore(z.string(), "words", { most: 2 });
  assert.deepEqual(some.parse("x"), ["x"]);
  assert.deepEqual(some.parse(["x", "y"]), ["x", "y"]);
  assert.equal(some.safeParse([]).success, false);
  assert.equal(some.safeParse(["x", "y", "z"]).success, false);
});

Deno.test("wholeNumber: within its bounds", () => {
  const schema = wholeNumber(1, 3, "take fewer");
  for (const value of [1, 2, 3]) assert.equal(told(schema, value), undefined);
  for (const value of [0, 4, 1.5, NaN, Infinity]) {
    assert.match(told(schema, value)!, /expected a number from 1 to 3$/, String(value));
  }
  assert.match(told(schema, "1")!, /^wrong type/);
});
