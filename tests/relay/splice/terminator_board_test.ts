import assert from "node:assert/strict";
import { NO_SLOT, TerminatorBoard } from "../../../lib/relay/splice/terminator_board.ts";

const SLOT = { port: 8_443, staleAt: 1_000, headerMs: 10, keepAliveMs: 20 };

function makeBoard() {
  const board = new TerminatorBoard(TerminatorBoard.allocate(4));
  const cells = new Int32Array(new SharedArrayBuffer(8));
  return { board, cells };
}

Deno.test("TerminatorBoard: an empty cell asks main", () => {
  const { board, cells } = makeBoard();
  assert.equal(board.slots, 4);
  assert.equal(board.enter(cells, 0, 0), NO_SLOT);
});

Deno.test("TerminatorBoard: what was filled in is found from its cell until it is stale", () => {
  const { board, cells } = makeBoard();
  for (const slot of [1, 4]) board.fill(slot, { ...SLOT, port: slot });
  cells[0] = 4;
  assert.equal(board.enter(cells, 0, 999), 4);
  assert.deepEqual([board.port(4), board.headerMs(4), board.keepAliveMs(4)], [4, 10, 20]);
  assert.equal(board.enter(cells, 0, 1_000), NO_SLOT);
  board.retire(4);
  assert.equal(board.isUnused(4), false);
  board.leave(4);
  assert.equal(board.isUnused(4), true);
  board.fill(4, SLOT);
  assert.equal(board.isUnused(4), false, "it is another terminator's now");
});

Deno.test("TerminatorBoard: only the last one to leave a retired slot tells main", () => {
  const { board, cells } = makeBoard();
  board.fill(2, SLOT);
  cells[0] = 2;
  board.enter(cells, 0, 0);
  board.enter(cells, 0, 0);
  assert.equal(board.leave(2), false);
  board.enter(cells, 0, 0);
  cells[0] = NO_SLOT;
  board.retire(2);
  assert.equal(board.leave(2), false);
  assert.equal(board.leave(2), true);
  board.fill(2, SLOT);
  cells[1] = 2;
  board.enter(cells, 1, 0);
  assert.equal(board.leave(2), false, "filled again, it is not retired");
});

Deno.test("TerminatorBoard: who does not stay in a retired slot, and is the last, tells main as well", () => {
  const { board, cells } = makeBoard();
  board.fill(2, SLOT);
  cells[0] = 2;
  board.enter(cells, 0, 0);
  board.retire(2);
  assert.equal(board.enter(cells, 0, SLOT.staleAt), NO_SLOT, "another one is in it");
  cells[0] = NO_SLOT;
  board.leave(2);
  cells[0] = 2;
  assert.equal(board.enter(cells, 0, SLOT.staleAt), -2);
});
