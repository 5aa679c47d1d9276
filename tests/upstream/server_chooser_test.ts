import assert from "node:assert/strict";
import type { LoadBalance } from "../../lib/config/config.ts";
import { hashClient } from "../../lib/upstream/client_hash.ts";
import { NO_SERVER, ServerChooser } from "../../lib/upstream/server_chooser.ts";
import { Random } from "../support/random.ts";
import { TestUpstream } from "./upstream_sketch.ts";

const ALL: readonly LoadBalance[] = ["round_robin", "least_conn", "ip_hash", "random", "first"];

const CLIENT = hashClient("192.0.2.1");

/** Chooses until nobody is left. */
function orderOf(test: TestUpstream): number[] {
  const chooser = new ServerChooser();
  const tried: number[] = [];
  for (;;) {
    const position = chooser.choose(test.upstream, CLIENT, tried);
    if (position === NO_SERVER) return tried;
    tried.push(position);
  }
}

for (const loadBalance of ALL) {
  Deno.test(`ServerChooser: ${loadBalance} tries each server once, backups last`, () => {
    const test = new TestUpstream({ weights: [1, 3, 1, 2, 1], backups: [0, 3], loadBalance });
    for (let turn = 0; turn < 20; turn++) {
      const order = orderOf(test);
      assert.deepEqual(order.slice(0, 3).toSorted(), [1, 2, 4]);
      assert.deepEqual(order.slice(3).toSorted(), [0, 3]);
    }
  });

  Deno.test(`ServerChooser: ${loadBalance} leaves out who is down, and has nobody if all are`, () => {
    const test = new TestUpstream({ weights: [1, 1, 1], backups: [2], loadBalance });
    test.setDown(0);
    assert.deepEqual(orderOf(test), [1, 2]);
    test.setDown(1);
    assert.deepEqual(orderOf(test), [2]);
    test.setDown(2);
    assert.deepEqual(orderOf(test), []);
    test.setDown(0, false);
    assert.deepEqual(orderOf(test), [0]);
  });

  Deno.test(`ServerChooser: ${loadBalance} with one server has that one, or nobody`, () => {
    const test = new TestUpstream({ weights: [1], loadBalance });
    assert.deepEqual(orderOf(test).slice(0, 1), [0]);
    test.setDown(0);
    assert.equal(new ServerChooser().choose(test.upstream, CLIENT), NO_SERVER);
  });

  Deno.test(`ServerChooser: ${loadBalance} agrees with a list of who may be chosen, seed 11`, () => {
    const random = new Random(11);
    const chooser = new ServerChooser(() => random.below(1_000) / 1_000);
    for (let round = 0; round < 300; round++) {
      const count = 1 + random.below(12);
      const positions = Array.from({ length: count }, (_, position) => position);
      const weights = positions.map(() => 1 + random.below(256));
      const backups = positions.filter(() => random.below(4) === 0);
      const down = positions.filter(() => random.below(3) === 0);
      const tried = count === 1 ? [] : positions.filter(() => random.below(4) === 0);
      const test = new TestUpstream({ weights, backups, loadBalance });
      down.forEach((position) => test.setDown(position));
      positions.forEach((position) => test.addOpen(position, random.below(5)));
      const left = positions.filter((each) => !down.includes(each) && !tried.includes(each));
      const primaries = left.filter((each) => !backups.includes(each));
      const may = primaries.length > 0 ? primaries : left.length > 0 ? left : [NO_SERVER];
      const chosen = chooser.choose(test.upstream, round, tried.length > 0 ? tried : undefined);
      assert.ok(may.includes(chosen), `${chosen} of ${may} (round ${round})`);
    }
  });
}

Deno.test("ServerChooser: first takes the first in the list that is up", () => {
  const test = new TestUpstream({ weights: [1, 1, 1], loadBalance: "first" });
  assert.deepEqual(orderOf(test), [0, 1, 2]);
  test.setDown(0);
  assert.deepEqual(orderOf(test), [1, 2]);
});

Deno.test("ServerChooser: with one server that was tried there is nobody left", () => {
  const test = new TestUpstream({ weights: [1] });
  assert.equal(new ServerChooser().choose(test.upstream, CLIENT, [0]), NO_SERVER);
});
