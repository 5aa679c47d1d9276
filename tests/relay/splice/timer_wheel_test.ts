import assert from "node:assert/strict";
import { type Timed, TimerWheel } from "../../../lib/relay/splice/timer_wheel.ts";
import { Random } from "../../support/random.ts";

const STEP_MS = 100;
const SEED = 23;

interface Item extends Timed {
  readonly id: number;
}

function makeItem(id = 0): Item {
  return { id, dueAt: 0, timerStep: -1, timerNext: undefined, timerPrevious: undefined };
}

Deno.test("timer_wheel: a limit is over up to one step late and never early", () => {
  for (const dueAt of [1, 99, 100, 101, 5_000, 102_300, 102_400, 600_000, 2_000_000]) {
    const ran: Item[] = [];
    const wheel = new TimerWheel<Item>(0, STEP_MS, (item) => ran.push(item));
    const item = makeItem();
    wheel.set(item, dueAt);
    wheel.advance(dueAt - 1);
    assert.equal(ran.length, 0, `${dueAt} early`);
    wheel.advance(dueAt + STEP_MS);
    assert.deepEqual([ran.length, wheel.count], [1, 0], `${dueAt} late`);
  }
});

Deno.test("timer_wheel: a limit that moves away is found again, one that comes nearer is moved", () => {
  const ran: number[] = [];
  const wheel = new TimerWheel<Item>(0, STEP_MS, (item) => ran.push(item.id));
  const [away, nearer] = [makeItem(1), makeItem(2)];
  wheel.set(away, 1_000);
  wheel.set(away, 9_000);
  wheel.set(nearer, 9_000);
  wheel.set(nearer, 1_000);
  wheel.advance(1_100);
  assert.deepEqual(ran, [2]);
  wheel.advance(8_999);
  assert.deepEqual(ran, [2]);
  wheel.advance(9_100);
  assert.deepEqual(ran, [2, 1]);
});

Deno.test("timer_wheel: what runs may clear its neighbours and set itself again", () => {
  const items = Array.from({ length: 10 }, (_, id) => makeItem(id));
  const ran: number[] = [];
  const wheel: TimerWheel<Item> = new TimerWheel<Item>(0, STEP_MS, (item) => {
    ran.push(item.id);
    for (const other of items) if (other.id % 2 === item.id % 2) wheel.clear(other);
    wheel.set(item, 1_000_000);
  });
  for (const item of items) wheel.set(item, 500);
  wheel.advance(700);
  assert.equal(ran.length, 2);
  assert.equal(wheel.count, 2);
});

Deno.test("timer_wheel: says how long nothing has to be done", () => {
  const wheel = new TimerWheel<Item>(0, STEP_MS, () => {});
  assert.equal(wheel.waitMs(0), -1);
  const item = makeItem();
  wheel.set(item, 5_000);
  assert.equal(wheel.waitMs(20), 4_980);
  wheel.clear(item);
  assert.equal(wheel.waitMs(20), -1);
});

Deno.test(`timer_wheel: agrees with a list that is searched each time (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const items = Array.from({ length: 50 }, (_, id) => makeItem(id));
  const due = new Map<number, number>();
  let nowMs = 0;
  const wheel = new TimerWheel<Item>(nowMs, STEP_MS, (item) => {
    const dueAt = due.get(item.id);
    assert.ok(dueAt !== undefined && dueAt <= nowMs, "not due");
    due.delete(item.id);
  });
  for (let turn = 0; turn < 30_000; turn++) {
    const item = random.pick(items);
    const choice = random.below(10);
    if (choice < 6) {
      const dueAt = nowMs + random.below(random.pick([50, 1_000, 300_000]));
      wheel.set(item, dueAt);
      due.set(item.id, dueAt);
    } else if (choice < 8) {
      wheel.clear(item);
      due.delete(item.id);
    } else {
      nowMs += random.below(random.pick([10, 500, 200_000]));
      wheel.advance(nowMs);
      for (const dueAt of due.values()) assert.ok(dueAt > nowMs - STEP_MS, "missed");
    }
    assert.equal(wheel.count, due.size);
    const waitMs = wheel.waitMs(nowMs);
    const firstMs = Math.min(...due.values()) - nowMs;
    assert.ok(due.size === 0 || waitMs >= 0 && waitMs <= firstMs + STEP_MS);
  }
});
