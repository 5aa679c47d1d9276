import assert from "node:assert/strict";
import { roundRobin } from "../../../lib/upstream/algorithms/round_robin.ts";
import { Random } from "../../support/random.ts";
import { countChoices, TestUpstream } from "../upstream_sketch.ts";

const never = () => {
  throw new Error("nothing is left to chance here");
};

/** Weights, servers that are down, and what each gets of so many turns. */
const SHARES: readonly [
  weights: readonly number[],
  down: readonly number[],
  turns: number,
  counts: readonly number[],
][] = [
  [[1, 1, 1], [], 300, [100, 100, 100]],
  [[1, 1, 1], [1], 300, [150, 0, 150]],
  [[5, 1, 1], [], 70, [50, 10, 10]],
  [[5, 1, 1], [2], 60, [50, 10, 0]],
  [[5, 1, 1], [0], 60, [0, 30, 30]],
  [[4, 2, 2], [1], 600, [400, 0, 200]],
  [[3, 2], [], 5, [3, 2]],
];

for (const [weights, down, turns, counts] of SHARES) {
  Deno.test(`roundRobin: ${weights} without ${down.join() || "loss"} share ${turns} as ${counts}`, () => {
    const test = new TestUpstream({ weights });
    down.forEach((position) => test.setDown(position));
    const choose = () => roundRobin(test.upstream, test.candidates(), never);
    assert.deepEqual(countChoices(turns, weights.length, choose), counts);
  });
}

Deno.test("roundRobin: one that was tried gives its turn to the next", () => {
  const test = new TestUpstream({ weights: [1, 1, 1] });
  assert.equal(roundRobin(test.upstream, test.candidates(), never), 0);
  assert.equal(roundRobin(test.upstream, test.candidates([0]), never), 1);
  assert.equal(roundRobin(test.upstream, test.candidates([0, 1]), never), 2);
});

Deno.test("roundRobin: where nearly all the weight is down, chance keeps the shares, seed 3", () => {
  const weights = [256, 256, 256, 3, 1];
  const test = new TestUpstream({ weights });
  [0, 1, 2].forEach((position) => test.setDown(position));
  const random = new Random(3);
  const counts = countChoices(
    4_000,
    5,
    () => roundRobin(test.upstream, test.candidates(), () => random.below(1_000) / 1_000),
  );
  assert.deepEqual(counts.slice(0, 3), [0, 0, 0]);
  assert.ok(Math.abs(counts[4] - 1_000) < 120, `${counts}`);
});
