import assert from "node:assert/strict";
import type { Candidates } from "../../lib/upstream/candidates.ts";
import { TestUpstream } from "./upstream_sketch.ts";

function listOf(candidates: Candidates): number[] {
  return Array.from({ length: candidates.count }, (_, index) => candidates.at(index));
}

/** Of five servers, of which the last two are backups. */
const CASES: readonly [down: readonly number[], tried: readonly number[], left: number[]][] = [
  [[], [], [0, 1, 2]],
  [[1], [], [0, 2]],
  [[1], [0], [2]],
  [[0, 1, 2], [], [3, 4]],
  [[], [0, 1, 2], [3, 4]],
  [[2], [1, 0], [3, 4]],
  [[0, 1, 2, 4], [], [3]],
  [[0, 1, 2], [3], [4]],
  [[0, 1, 2, 3, 4], [], []],
  [[0, 1], [2, 3, 4], []],
];

for (const [down, tried, left] of CASES) {
  const name = `with ${down.join() || "none"} down and ${tried.join() || "none"} tried`;
  Deno.test(`Candidates.fill: ${name} leaves ${left.join() || "nobody"}`, () => {
    const test = new TestUpstream({ weights: [1, 1, 1, 1, 1], backups: [3, 4] });
    down.forEach((position) => test.setDown(position));
    const candidates = test.candidates(tried);
    assert.deepEqual(listOf(candidates), left);
    assert.deepEqual([0, 1, 2, 3, 4].filter((position) => candidates.has(position)), left);
  });
}

Deno.test("Candidates.fill: forgets what was there before, whatever the sizes", () => {
  const small = new TestUpstream({ weights: [1, 1] });
  const large = new TestUpstream({ weights: Array(40).fill(1) });
  const candidates = large.candidates();
  assert.equal(candidates.count, 40);
  small.setDown(0);
  candidates.fill(small.upstream, undefined);
  assert.deepEqual([listOf(candidates), candidates.has(0)], [[1], false]);
  candidates.fill(large.upstream, [39]);
  assert.equal(candidates.count, 39);
});

Deno.test("Candidates.remove: takes one out and keeps the order of the others", () => {
  const candidates = new TestUpstream({ weights: [1, 1, 1, 1] }).candidates();
  candidates.remove(1);
  assert.deepEqual([listOf(candidates), candidates.has(1)], [[0, 2, 3], false]);
  candidates.remove(2);
  assert.deepEqual([listOf(candidates), candidates.has(3)], [[0, 2], false]);
});
