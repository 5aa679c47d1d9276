import assert from "node:assert/strict";
import { mergePolicy, mergeValues } from "../../lib/config/merge_policy.ts";

const CASES: readonly [under: unknown, over: unknown, merged: unknown][] = [
  [undefined, undefined, undefined],
  [{ a: 1 }, undefined, { a: 1 }],
  [undefined, { a: 1 }, { a: 1 }],
  [{ a: 1, b: 2 }, { b: 3, c: 4 }, { a: 1, b: 3, c: 4 }],
  [{ a: { b: 1 } }, { a: { c: 2 } }, { a: { c: 2 } }],
  [[1, 2], [3], [3]],
  [{ a: 1 }, "off", "off"],
  ["off", { a: 1 }, { a: 1 }],
  [{ a: 1 }, [1], [1]],
  [new Map([[1, 2]]), new Map([[3, 4]]), new Map([[3, 4]])],
];

for (const [under, over, merged] of CASES) {
  Deno.test(`mergeValues: ${Deno.inspect(over)} over ${Deno.inspect(under)}`, () => {
    assert.deepEqual(mergeValues(under, over), merged);
  });
}

Deno.test("mergeValues: mappings of a file have no prototype, and merge all the same", () => {
  const of = (value: object) => Object.assign(Object.create(null), value);
  assert.deepEqual({ ...mergeValues(of({ a: 1 }), of({ b: 2 })) as object }, { a: 1, b: 2 });
});

Deno.test("mergePolicy: off is nothing", () => {
  const context = (own: unknown, general: unknown) =>
    ({
      defaults: { rate_limit: general },
      route: { values: { rate_limit: own } },
    }) as unknown as Parameters<typeof mergePolicy>[0];
  assert.equal(mergePolicy(context("off", { requests: 1 }), "rate_limit"), undefined);
  assert.equal(mergePolicy(context(undefined, "off"), "rate_limit"), undefined);
  assert.deepEqual(mergePolicy(context({ requests: 1 }, "off"), "rate_limit"), { requests: 1 });
});
