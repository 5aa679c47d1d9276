import assert from "node:assert/strict";
import { CoarseClock } from "../../lib/base/coarse_clock.ts";
import { TIMER_MAX_MS } from "../../lib/base/clock.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { Random } from "../support/random.ts";

const STEP_MS = 100;
const SEED = 4;

function makeClocks(): { fake: FakeClock; coarse: CoarseClock } {
  const fake = new FakeClock();
  return { fake, coarse: new CoarseClock(fake, STEP_MS) };
}

Deno.test("CoarseClock: tells the time of the clock behind", async () => {
  const { fake, coarse } = makeClocks();
  await fake.advance(1_234);
  assert.equal(coarse.now(), fake.now());
  assert.equal(coarse.monotonic(), 1_234);
});

for (const delayMs of [0, 1, 99, 100, 101, 5_000, TIMER_MAX_MS]) {
  Deno.test(`CoarseClock: a timer of ${delayMs} ms is not early and at most a step late`, async () => {
    const { fake, coarse } = makeClocks();
    await fake.advance(37);
    let ranAt: number | undefined;
    coarse.after(delayMs, () => ranAt = coarse.monotonic() - 37);
    await fake.advance(delayMs + STEP_MS);
    assert.ok(ranAt !== undefined && ranAt >= delayMs && ranAt <= delayMs + STEP_MS, `${ranAt}`);
    assert.equal(fake.pending, 0);
  });
}

Deno.test("CoarseClock: a timer that is cancelled does not run and leaves no timer behind", async () => {
  const { fake, coarse } = makeClocks();
  const timer = coarse.after(1_000, () => assert.fail("ran"));
  timer.cancel();
  timer[Symbol.dispose]();
  assert.equal(fake.pending, 0);
  await fake.advance(2_000);
});

Deno.test("CoarseClock: many timers need one of the clock behind", () => {
  const { fake, coarse } = makeClocks();
  const timers = Array.from({ length: 100 }, (_, at) => coarse.after(at * 50, () => {}));
  assert.equal(fake.pending, 1);
  timers.forEach((timer) => timer.cancel());
  assert.equal(fake.pending, 0);
});

Deno.test("CoarseClock: a timer may set and cancel others", async () => {
  const { fake, coarse } = makeClocks();
  const ran: string[] = [];
  coarse.after(10, () => {
    ran.push("first");
    second.cancel();
    coarse.after(0, () => ran.push("third"));
  });
  const second = coarse.after(20, () => ran.push("second"));
  await fake.advance(2 * STEP_MS);
  assert.deepEqual(ran, ["first", "third"]);
  assert.equal(fake.pending, 0);
});

Deno.test("CoarseClock: a timer that throws does not take the others along", async () => {
  const { fake, coarse } = makeClocks();
  let ran = 0;
  coarse.after(10, () => {
    throw new Error("a defect");
  });
  coarse.after(10, () => ran++);
  coarse.after(500, () => ran++);
  await assert.rejects(fake.advance(STEP_MS), /a defect/);
  await fake.advance(1_000);
  assert.equal(ran, 2);
});

Deno.test(`CoarseClock: agrees with a precise clock about 2,000 timers (seed ${SEED})`, async () => {
  const { fake, coarse } = makeClocks();
  const random = new Random(SEED);
  const expected: number[] = [];
  const ran: number[] = [];
  for (let id = 0; id < 2_000; id++) {
    const delayMs = random.below(20_000);
    const dueMs = coarse.monotonic() + delayMs;
    const timer = coarse.after(delayMs, () => {
      const lateMs = coarse.monotonic() - dueMs;
      assert.ok(lateMs >= 0 && lateMs <= STEP_MS, `${lateMs} ms late`);
      ran.push(id);
    });
    if (random.below(2) === 0) timer.cancel();
    else expected.push(id);
    if (random.below(10) === 0) await fake.advance(random.below(300));
  }
  await fake.advance(20_000 + STEP_MS);
  assert.deepEqual(ran.sort((a, b) => a - b), expected);
  assert.equal(fake.pending, 0);
});
