import assert from "node:assert/strict";
import { Deadline } from "../../../lib/relay/portable/deadline.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("Deadline: acts once, when its time is over", async () => {
  const clock = new FakeClock();
  const acted: number[] = [];
  using deadline = new Deadline(clock, 100, () => acted.push(clock.monotonic()));
  await clock.advance(99);
  assert.deepEqual([deadline.passed, acted], [false, []]);
  await clock.advance(1);
  assert.deepEqual([deadline.passed, acted], [true, [100]]);
  await clock.advance(1_000);
  assert.deepEqual(acted, [100]);
});

Deno.test("Deadline: does nothing once it is disposed of", async () => {
  const clock = new FakeClock();
  const deadline = new Deadline(clock, 100, () => assert.fail("acted"));
  deadline[Symbol.dispose]();
  await clock.advance(1_000);
  assert.ok(!deadline.passed);
  assert.equal(clock.pending, 0);
});
