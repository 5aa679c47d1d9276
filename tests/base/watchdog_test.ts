import assert from "node:assert/strict";
import { Watchdog } from "../../lib/base/watchdog.ts";
import { FakeClock } from "../support/fake_clock.ts";

function makeWatchdog() {
  const clock = new FakeClock();
  const firedAt: number[] = [];
  const watchdog = new Watchdog(clock, () => firedAt.push(clock.monotonic()));
  return { clock, firedAt, watchdog };
}

Deno.test("Watchdog: fires once, when its limit has passed", async () => {
  const { clock, firedAt, watchdog } = makeWatchdog();
  watchdog.set(100);
  await clock.advance(99);
  assert.deepEqual(firedAt, []);
  await clock.advance(1_000);
  assert.deepEqual(firedAt, [100]);
});

Deno.test("Watchdog: a limit set anew counts from then, and costs no timer", async () => {
  const { clock, firedAt, watchdog } = makeWatchdog();
  for (let round = 0; round < 10; round++) {
    watchdog.set(100);
    assert.equal(clock.pending, 1);
    await clock.advance(50);
  }
  await clock.advance(1_000);
  assert.deepEqual(firedAt, [550]);
});

Deno.test("Watchdog: a shorter limit is kept although a longer one was set before", async () => {
  const { clock, firedAt, watchdog } = makeWatchdog();
  watchdog.set(1_000);
  watchdog.set(10);
  await clock.advance(2_000);
  assert.deepEqual(firedAt, [10]);
});

Deno.test("Watchdog: lifted or stopped, it does not fire", async () => {
  const { clock, firedAt, watchdog } = makeWatchdog();
  watchdog.set(100);
  watchdog.lift();
  await clock.advance(1_000);
  watchdog.set(100);
  watchdog.stop();
  assert.equal(clock.pending, 0);
  await clock.advance(1_000);
  assert.deepEqual(firedAt, []);
});
