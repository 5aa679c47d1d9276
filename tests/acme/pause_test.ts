import assert from "node:assert/strict";
import { pause } from "../../lib/acme/pause.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("pause ends when its time has passed, not before", async () => {
  const clock = new FakeClock();
  let hasEnded = false;
  const done = pause(clock, 1_000, new AbortController().signal).then(() => hasEnded = true);
  await clock.advance(999);
  assert.equal(hasEnded, false);
  await clock.advance(1);
  await done;
  assert.equal(clock.pending, 0);
});

Deno.test("pause ends with the signal's reason and leaves no timer", async () => {
  const clock = new FakeClock();
  const abort = new AbortController();
  const done = pause(clock, 1_000, abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(done, /enough/);
  await assert.rejects(pause(clock, 1_000, abort.signal), /enough/);
  assert.equal(clock.pending, 0);
});
