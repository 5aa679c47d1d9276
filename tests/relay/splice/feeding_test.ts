import assert from "node:assert/strict";
import {
  HOP_PORTION_BYTES,
  HOP_PORTION_MIN_BYTES,
  HOP_PORTION_START_BYTES,
  HOP_TURN_MS,
} from "../../../lib/base/limits.ts";
import { Connection, STATE } from "../../../lib/relay/splice/connection.ts";
import { Feeding } from "../../../lib/relay/splice/feeding.ts";

function makeFeeding() {
  const state = { asked: 0, resumed: [] as Connection[] };
  const feeding = new Feeding(
    () => void state.asked++,
    (connection) => void state.resumed.push(connection),
  );
  return { feeding, state };
}

function makeConnection(row: number, isFed = true): Connection {
  const connection = new Connection(row);
  connection.state = STATE.relaying;
  connection.isFed = isFed;
  connection.portionBytes = HOP_PORTION_BYTES;
  return connection;
}

Deno.test("Feeding: a portion, and the next one after a turn", () => {
  const { feeding, state } = makeFeeding();
  const connection = makeConnection(1);
  for (let portion = 1; portion <= 3; portion++) {
    connection.client.bytes = portion * HOP_PORTION_BYTES - 1;
    assert.equal(feeding.mayRead(connection, 0), true);
    connection.client.bytes += 1;
    assert.equal(feeding.mayRead(connection, 0), false);
    assert.equal(feeding.mayRead(connection, 0), false, "and is not asked for twice");
    assert.deepEqual([state.asked, connection.isHungry], [portion, true]);
    feeding.noteTurn(1);
    assert.deepEqual([state.resumed.length, connection.isHungry], [portion, false]);
  }
});

Deno.test("Feeding: one turn is asked for, and serves all that wait", () => {
  const { feeding, state } = makeFeeding();
  const connections = [1, 2, 3].map((row) => makeConnection(row));
  for (const connection of connections) {
    connection.client.bytes = HOP_PORTION_BYTES;
    assert.equal(feeding.mayRead(connection, 0), false);
  }
  assert.equal(state.asked, 1);
  feeding.noteTurn(1);
  assert.deepEqual(state.resumed, connections);
  feeding.noteTurn(1);
  assert.equal(state.resumed.length, 3);
});

Deno.test("Feeding: who is not fed in portions is not limited", () => {
  const { feeding, state } = makeFeeding();
  const connection = makeConnection(1, false);
  connection.client.bytes = 1e12;
  assert.equal(feeding.mayRead(connection, 0), true);
  assert.equal(state.asked, 0);
});

Deno.test("Feeding: a connection that has ended meanwhile is left alone, and so is its successor", () => {
  const { feeding, state } = makeFeeding();
  const connection = makeConnection(1);
  connection.client.bytes = HOP_PORTION_BYTES;
  feeding.mayRead(connection, 0);
  connection.reset();
  assert.equal(connection.isHungry, false);
  connection.state = STATE.relaying;
  feeding.noteTurn(1);
  assert.deepEqual(state.resumed, []);
});

Deno.test("Feeding: portions shrink while turns are late, and grow again", () => {
  const { feeding } = makeFeeding();
  const connection = makeConnection(1);
  const portions: number[] = [];
  for (const waitMs of [HOP_TURN_MS + 1, 999, 999, 999, HOP_TURN_MS, 0, 0, 0, 0, 0, 0, 0]) {
    connection.client.bytes += connection.portionBytes;
    assert.equal(feeding.mayRead(connection, 1_000), false);
    feeding.noteTurn(1_000 + waitMs);
    portions.push(connection.portionBytes);
  }
  assert.equal(portions[0], HOP_PORTION_BYTES / 4);
  assert.equal(portions[3], HOP_PORTION_MIN_BYTES);
  assert.equal(portions[4], 2 * HOP_PORTION_MIN_BYTES);
  assert.equal(portions.at(-1), HOP_PORTION_BYTES);
});

Deno.test("Feeding: a fresh connection begins with a small portion", () => {
  assert.equal(new Connection(1).portionBytes, HOP_PORTION_START_BYTES);
  const connection = makeConnection(1);
  connection.reset();
  assert.equal(connection.portionBytes, HOP_PORTION_START_BYTES);
});
