import assert from "node:assert/strict";
import { leastConn, loadOf } from "../../../lib/upstream/algorithms/least_conn.ts";
import { countChoices, TestUpstream } from "../upstream_sketch.ts";

const never = () => {
  throw new Error("nothing is left to chance here");
};

/** Weights, open connections, and who must get the next one. */
const CASES: readonly [weights: readonly number[], open: readonly number[], next: number][] = [
  [[1, 1, 1], [2, 1, 2], 1],
  [[1, 1, 1], [0, 0, 1], 0],
  [[4, 1], [3, 1], 0],
  [[4, 1], [5, 1], 1],
  [[10, 1], [9, 0], 1],
];

for (const [weights, open, next] of CASES) {
  Deno.test(`leastConn: of ${weights} with ${open} connections, ${next} is next`, () => {
    const test = new TestUpstream({ weights });
    open.forEach((count, position) => test.addOpen(position, count));
    assert.equal(leastConn(test.upstream, test.candidates(), never), next);
  });
}

for (
  const [weights, held] of [[[1, 1, 1], [40, 40, 40]], [[3, 1], [90, 30]], [[7, 2, 1], [
    84,
    24,
    12,
  ]]]
) {
  Deno.test(`leastConn: 120 connections that stay are held as ${held} by ${weights}`, () => {
    const test = new TestUpstream({ weights });
    const counts = countChoices(120, weights.length, () => {
      const position = leastConn(test.upstream, test.candidates(), never);
      test.addOpen(position);
      return position;
    });
    assert.deepEqual(counts, held);
  });
}

Deno.test("leastConn: equals take turns, in proportion to their weights", () => {
  const test = new TestUpstream({ weights: [2, 1] });
  const choose = () => leastConn(test.upstream, test.candidates(), never);
  assert.deepEqual(countChoices(30, 2, choose), [20, 10]);
});

Deno.test("leastConn: one that is down counts for nothing, however idle", () => {
  const test = new TestUpstream({ weights: [1, 1] });
  test.addOpen(0, 9);
  test.setDown(1);
  assert.equal(leastConn(test.upstream, test.candidates(), never), 0);
});

Deno.test("loadOf: is connections per weight", () => {
  const test = new TestUpstream({ weights: [4] });
  test.addOpen(0, 6);
  assert.equal(loadOf(test.upstream, 0), 1.5);
});
