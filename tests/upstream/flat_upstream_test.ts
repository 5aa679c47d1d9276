import assert from "node:assert/strict";
import { encodeFlatUpstream, FlatUpstream } from "../../lib/upstream/flat_upstream.ts";
import { ServerCells } from "../../lib/upstream/server_cells.ts";
import { TestUpstream } from "./upstream_sketch.ts";

Deno.test("FlatUpstream: keeps what each server is", () => {
  const test = new TestUpstream({ weights: [3, 256, 1], backups: [2], loadBalance: "random" });
  const { upstream } = test;
  const all = [0, 1, 2];
  assert.equal(upstream.count, 3);
  assert.equal(upstream.algorithm, "random");
  assert.deepEqual(all.map((position) => upstream.weight(position)), [3, 256, 1]);
  assert.deepEqual(all.map((position) => upstream.isBackup(position)), [false, false, true]);
  assert.equal(new Set(all.map((position) => upstream.seed(position))).size, 3);
  test.setDown(1);
  test.addOpen(2, 5);
  assert.deepEqual(all.map((position) => upstream.isUp(position)), [true, false, true]);
  assert.deepEqual(all.map((position) => upstream.open(position)), [0, 0, 5]);
});

for (const loadBalance of ["round_robin", "least_conn", "ip_hash", "random", "first"] as const) {
  Deno.test(`FlatUpstream: ${loadBalance} comes out as it went in`, () => {
    const { upstream } = new TestUpstream({ weights: [1, 1], loadBalance });
    assert.equal(upstream.algorithm, loadBalance);
    assert.equal(upstream.needsClient, loadBalance === "ip_hash");
  });
}

Deno.test("FlatUpstream.takeTurn: goes round in proportion to the weights, backups included", () => {
  const turns = (weights: readonly number[], count: number) => {
    const { upstream } = new TestUpstream({ weights });
    return Array.from({ length: count }, () => upstream.takeTurn());
  };
  assert.deepEqual(turns([2, 2, 2], 5), [0, 1, 2, 0, 1]);
  assert.deepEqual(turns([5, 1, 1], 9), [0, 0, 1, 0, 2, 0, 0, 0, 0]);
});

Deno.test("FlatUpstream: two that share memory take turns together, two places in it do not", () => {
  const cells = new ServerCells();
  const members = ["a", "b"].map((name) => ({
    weight: 1,
    isBackup: false,
    openCell: cells.countCell(name),
    downCell: cells.flagCell(name),
    name,
  }));
  const encoded = encodeFlatUpstream({ loadBalance: "round_robin", members });
  const words = new Int32Array(new SharedArrayBuffer(8 * encoded.length));
  words.set(encoded);
  words.set(encoded, encoded.length);
  const open = (at: number) => new FlatUpstream(words, at, new Int32Array(cells.memory));
  const [one, same, other] = [open(0), open(0), open(encoded.length)];
  const turns = [one, same, one, other].map((upstream) => upstream.takeTurn());
  assert.deepEqual(turns, [0, 1, 0, 0]);
});

Deno.test("FlatUpstream: a server's seed is its own, wherever it stands", () => {
  const names = ["a:1", "b:1"];
  const { upstream } = new TestUpstream({ weights: [1, 1], names });
  const { upstream: turned } = new TestUpstream({ weights: [9, 1], names: names.toReversed() });
  assert.deepEqual([upstream.seed(0), upstream.seed(1)], [turned.seed(1), turned.seed(0)]);
});
