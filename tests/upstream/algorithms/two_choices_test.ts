import assert from "node:assert/strict";
import { drawByWeight, twoChoices } from "../../../lib/upstream/algorithms/two_choices.ts";
import { Random } from "../../support/random.ts";
import { countChoices, TestUpstream } from "../upstream_sketch.ts";

function seeded(seed: number): () => number {
  const random = new Random(seed);
  return () => random.below(2 ** 24) / 2 ** 24;
}

Deno.test("twoChoices: with equal load, shares follow the weights, seed 1", () => {
  const test = new TestUpstream({ weights: [1, 1, 2] });
  const random = seeded(1);
  const choose = () => twoChoices(test.upstream, test.candidates(), random);
  const counts = countChoices(4_000, 3, choose);
  assert.ok(
    counts.every((count, position) => Math.abs(count - [1_000, 1_000, 2_000][position]) < 150),
    `${counts}`,
  );
});

Deno.test("twoChoices: 3,000 connections that stay are spread far more evenly than by chance, seed 2", () => {
  const weights = Array<number>(10).fill(1);
  const test = new TestUpstream({ weights });
  const random = seeded(2);
  const counts = countChoices(3_000, 10, () => {
    const position = twoChoices(test.upstream, test.candidates(), random);
    test.addOpen(position);
    return position;
  });
  // By chance alone the spread would be about 100.
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 8, `${counts}`);
});

Deno.test("twoChoices: never takes the busiest where there are others, seed 3", () => {
  const test = new TestUpstream({ weights: [1, 1, 1] });
  test.addOpen(1, 100);
  const random = seeded(3);
  const choose = () => twoChoices(test.upstream, test.candidates(), random);
  assert.equal(countChoices(200, 3, choose)[1], 0);
});

Deno.test("twoChoices: with one left takes it", () => {
  const test = new TestUpstream({ weights: [1, 1] });
  test.setDown(0);
  assert.equal(twoChoices(test.upstream, test.candidates(), seeded(4)), 1);
});

Deno.test("drawByWeight: each number from 0 up to 1 has its server", () => {
  const test = new TestUpstream({ weights: [1, 2, 1] });
  const drawn = [0, 0.24, 0.25, 0.74, 0.75, 0.999].map((number) =>
    drawByWeight(test.upstream, test.candidates(), () => number)
  );
  assert.deepEqual(drawn, [0, 0, 1, 1, 2, 2]);
});
