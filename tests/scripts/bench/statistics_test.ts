import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { median, pairedRatio, summarize } from "../../../scripts/bench/statistics.ts";

const MEDIANS: readonly [values: number[], expected: number][] = [
  [[7], 7],
  [[1, 3], 2],
  [[9, 1, 5], 5],
  // As text, 10 would come before 9.
  [[10, 9, 8], 9],
  [[4, 1, 3, 2], 2.5],
];

for (const [values, expected] of MEDIANS) {
  Deno.test(`median: of ${values.join(", ")} is ${expected}`, () => {
    strictEqual(median(values), expected);
  });
}

Deno.test("median: leaves the values in their order, which is that of the rounds", () => {
  const values = [3, 1, 2];
  median(values);
  deepStrictEqual(values, [3, 1, 2]);
});

Deno.test("median, summarize: nothing has no median", () => {
  throws(() => median([]), RangeError);
  throws(() => summarize([]), RangeError);
});

Deno.test("summarize: keeps the extremes", () => {
  deepStrictEqual(summarize([5, 1, 9]), { median: 5, min: 1, max: 9 });
});

const RATIOS: readonly [name: string, ours: number[], theirs: number[], expected?: number][] = [
  ["compares round by round, not median by median", [10, 2, 30], [10, 1, 10], 2],
  ["a round in which the machine was slow changes nothing", [2, 20, 2], [1, 10, 1], 2],
  ["leaves out rounds that only one has", [4, 6, 100], [2, 3], 2],
  ["nothing to compare", [], [1], undefined],
  ["nothing to compare with", [1], [], undefined],
];

for (const [name, ours, theirs, expected] of RATIOS) {
  Deno.test(`pairedRatio: ${name}`, () => {
    strictEqual(pairedRatio(ours, theirs), expected);
  });
}
