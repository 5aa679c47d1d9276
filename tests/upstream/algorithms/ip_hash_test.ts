import assert from "node:assert/strict";
import { ipHash } from "../../../lib/upstream/algorithms/ip_hash.ts";
import { hashClient } from "../../../lib/upstream/client_hash.ts";
import { countChoices, TestUpstream } from "../upstream_sketch.ts";

/** Neighbours, as clients of one provider are. */
const CLIENTS = Array.from(
  { length: 6_000 },
  (_, index) => hashClient(`10.${index >> 8 & 3}.${index & 255}.${1 + (index >> 10)}`),
);

function choices(test: TestUpstream): number[] {
  return CLIENTS.map((client) => ipHash(test.upstream, test.candidates(), client));
}

for (const weights of [[1, 1, 1], [1, 1], [3, 2, 1], [10, 1], [1, 1, 1, 1, 1, 1, 1, 1]]) {
  Deno.test(`ipHash: ${weights} share 6,000 neighbours by their weights`, () => {
    const test = new TestUpstream({ weights });
    const chosen = choices(test).values();
    const counts = countChoices(CLIENTS.length, weights.length, () => chosen.next().value!);
    const total = weights.reduce((sum, weight) => sum + weight);
    weights.forEach((weight, position) => {
      const fair = CLIENTS.length * weight / total;
      assert.ok(Math.abs(counts[position] - fair) < 4 * Math.sqrt(fair), `${counts}`);
    });
  });
}

Deno.test("ipHash: a client keeps its server, whatever the order of the list", () => {
  const names = ["a:1", "b:1", "c:1"];
  const test = new TestUpstream({ weights: [1, 1, 1], names });
  const turned = new TestUpstream({ weights: [1, 1, 1], names: names.toReversed() });
  const chosen = choices(test);
  assert.deepEqual(choices(test), chosen);
  assert.deepEqual(choices(turned).map((position) => 2 - position), chosen);
});

Deno.test("ipHash: when a server goes down only its clients move, and all come back", () => {
  const test = new TestUpstream({ weights: [1, 2, 1, 1] });
  const before = choices(test);
  test.setDown(1);
  const during = choices(test);
  const moved = [0, 0, 0, 0];
  before.forEach((position, index) => {
    if (position === 1) moved[during[index]]++;
    else assert.equal(during[index], position);
  });
  assert.equal(moved[1], 0);
  // And not all of them to the same server.
  for (const position of [0, 2, 3]) assert.ok(moved[position] > 600, `${moved}`);
  test.setDown(1, false);
  assert.deepEqual(choices(test), before);
});

Deno.test("ipHash: a server that is added takes its share and moves nobody else", () => {
  const names = ["a:1", "b:1", "c:1"];
  const before = choices(new TestUpstream({ weights: [1, 1], names }));
  const after = choices(new TestUpstream({ weights: [1, 1, 1], names }));
  const moved = before.filter((position, index) => after[index] !== position).length;
  assert.ok(before.every((position, index) => [position, 2].includes(after[index])));
  assert.ok(Math.abs(moved - 2_000) < 200, `${moved} moved`);
});

Deno.test("ipHash: chooses among those that are left", () => {
  const test = new TestUpstream({ weights: [1, 1, 1] });
  for (const client of CLIENTS.slice(0, 50)) {
    const first = ipHash(test.upstream, test.candidates(), client);
    const second = ipHash(test.upstream, test.candidates([first]), client);
    assert.notEqual(first, second);
  }
});
