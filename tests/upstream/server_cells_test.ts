import assert from "node:assert/strict";
import { ServerCells, ZERO_CELL } from "../../lib/upstream/server_cells.ts";

const names = (counts: readonly string[], flags: readonly string[]) => ({
  counts: new Set(counts),
  flags: new Set(flags),
});

Deno.test("ServerCells: a name has one cell, counts and flags have cells apart", () => {
  const cells = new ServerCells();
  const [a, b, flag] = [cells.countCell("a"), cells.countCell("b"), cells.flagCell("a")];
  assert.equal(new Set([a, b, flag, ZERO_CELL]).size, 4);
  assert.deepEqual([cells.countCell("a"), cells.flagCell("a")], [a, flag]);
  cells.add(a, 3);
  cells.add(a, -1);
  cells.setFlag(flag, true);
  assert.deepEqual([a, b, flag].map((cell) => cells.get(cell)), [2, 0, 1]);
  cells.setFlag(flag, false);
  assert.equal(cells.get(flag), 0);
});

Deno.test("ServerCells: whoever has the memory reads the same", () => {
  const cells = new ServerCells();
  const cell = cells.countCell("a");
  cells.add(cell, 7);
  assert.equal(new Int32Array(cells.memory)[cell], 7);
});

Deno.test("ServerCells: the zero cell cannot be set", () => {
  const cells = new ServerCells();
  cells.setFlag(ZERO_CELL, true);
  assert.equal(cells.get(ZERO_CELL), 0);
});

Deno.test("ServerCells.retain: keeps what is named and what is counted, gives back the rest", () => {
  const cells = new ServerCells();
  const [kept, busy, idle] = ["kept", "busy", "idle"].map((name) => cells.countCell(name));
  const [keptFlag, oldFlag] = ["kept", "old"].map((name) => cells.flagCell(name));
  cells.add(kept, 1);
  cells.add(busy, 1);
  cells.setFlag(keptFlag, true);
  cells.setFlag(oldFlag, true);
  cells.retain(names(["kept"], ["kept"]));
  assert.deepEqual([cells.countCell("kept"), cells.countCell("busy")], [kept, busy]);
  assert.deepEqual([cells.get(kept), cells.get(busy), cells.get(keptFlag)], [1, 1, 1]);
  assert.equal(cells.get(oldFlag), 0, "nobody is down by a flag of somebody else");
  const fresh = [cells.countCell("new"), cells.flagCell("new")];
  assert.deepEqual(fresh.toSorted(), [idle, oldFlag].toSorted(), "cells are used again");
  cells.add(busy, -1);
  cells.retain(names(["kept", "new"], ["kept", "new"]));
  assert.equal(cells.countCell("third"), busy);
});

Deno.test("ServerCells: of a hundred reloads with new names each time, none runs out", () => {
  const cells = new ServerCells(16);
  for (let reload = 0; reload < 100; reload++) {
    const own = Array.from({ length: 5 }, (_, index) => `${reload} ${index}`);
    cells.retain(names(own, own));
    const taken = own.flatMap((name) => [cells.countCell(name), cells.flagCell(name)]);
    assert.equal(new Set(taken).size, 10);
  }
});

Deno.test("ServerCells: without a free cell nobody is down, and counts count for nobody", () => {
  const cells = new ServerCells(4);
  const taken = ["a", "b"].map((name) => cells.countCell(name));
  assert.equal(cells.flagCell("c"), ZERO_CELL);
  cells.add(cells.countCell("d"), 5);
  assert.deepEqual(taken.map((cell) => cells.get(cell)), [0, 0]);
  assert.equal(cells.get(ZERO_CELL), 0);
});
