import assert from "node:assert/strict";
import { weightedSequence } from "../../lib/upstream/weighted_sequence.ts";

/** Weights and their round; the second and third are nginx's own examples. */
const ROUNDS: readonly [weights: readonly number[], round: string][] = [
  [[1], "a"],
  [[5, 1, 1], "aabacaa"],
  [[4, 2, 1], "abacaba"],
  [[1, 1, 1], "abc"],
  [[7, 7], "ab"],
  [[256, 128], "aba"],
  [[1, 2], "bab"],
  [[], ""],
];

for (const [weights, round] of ROUNDS) {
  Deno.test(`weightedSequence: ${weights.join(", ") || "nobody"} take turns as "${round}"`, () => {
    const letters = Array.from(weightedSequence(weights), (position) => "abc"[position]);
    assert.equal(letters.join(""), round);
  });
}

Deno.test("weightedSequence: each has its share of a round, also of those left when some are out", () => {
  const weights = [1, 17, 3, 250, 64];
  const sequence = [...weightedSequence(weights)];
  assert.equal(sequence.length, 335);
  const count = (position: number) => sequence.filter((each) => each === position).length;
  assert.deepEqual(weights.map((_, position) => count(position)), weights);
});

Deno.test("weightedSequence: nobody waits longer than twice its fair time", () => {
  const weights = [5, 3, 2];
  const round = [...weightedSequence(weights)];
  const twice = [...round, ...round];
  weights.forEach((weight, position) => {
    const turns = twice.flatMap((each, at) => each === position ? [at] : []);
    const longest = Math.max(...turns.slice(1).map((at, index) => at - turns[index]));
    assert.ok(longest <= 2 * 10 / weight, `${position} waits ${longest} turns`);
  });
});
