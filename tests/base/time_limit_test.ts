import assert from "node:assert/strict";
import { type TimeLimit, TimeLimitError, withTimeLimit } from "../../lib/base/time_limit.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** A wait of 1 s, and what was discarded. */
function makeLimit(signal?: AbortSignal) {
  const clock = new FakeClock();
  const discarded: string[] = [];
  const discard = (late: string) => void discarded.push(late);
  const limit: TimeLimit<string> = { clock, timeoutMs: 1_000, signal, discard };
  return { clock, discarded, limit };
}

Deno.test("withTimeLimit: brings what comes in time, and cancels its timer", async () => {
  const { clock, discarded, limit } = makeLimit();
  assert.equal(await withTimeLimit(Promise.resolve("result"), limit), "result");
  assert.equal(clock.pending, 0);
  assert.deepEqual(discarded, []);
});

Deno.test("withTimeLimit: passes a failure on, and cancels its timer", async () => {
  const { clock, limit } = makeLimit();
  const work = Promise.reject<string>(new Error("broken"));
  await assert.rejects(withTimeLimit(work, limit), /broken/);
  assert.equal(clock.pending, 0);
});

Deno.test("withTimeLimit: gives up when the time is over and discards what comes later", async () => {
  const { clock, discarded, limit } = makeLimit();
  const work = Promise.withResolvers<string>();
  const waiting = assert.rejects(withTimeLimit(work.promise, limit), TimeLimitError);
  await clock.advance(999);
  assert.equal(clock.pending, 1);
  await clock.advance(1);
  await waiting;
  work.resolve("late");
  await clock.advance(0);
  assert.deepEqual(discarded, ["late"]);
});

Deno.test("withTimeLimit: does not mind a failure that comes too late", async () => {
  const { clock, limit } = makeLimit();
  const work = Promise.withResolvers<string>();
  const waiting = assert.rejects(withTimeLimit(work.promise, limit), TimeLimitError);
  await clock.advance(1_000);
  await waiting;
  work.reject(new Error("late")); // Unhandled, it would end the test run.
  await clock.advance(0);
});

for (const when of ["before", "while"] as const) {
  Deno.test(`withTimeLimit: ends with the signal's reason if aborted ${when} it waits`, async () => {
    const abort = new AbortController();
    const { clock, discarded, limit } = makeLimit(abort.signal);
    const work = Promise.withResolvers<string>();
    if (when === "before") abort.abort(new Error("called off"));
    const waiting = assert.rejects(withTimeLimit(work.promise, limit), /called off/);
    if (when === "while") abort.abort(new Error("called off"));
    await waiting;
    assert.equal(clock.pending, 0);
    work.resolve("late");
    await clock.advance(0);
    assert.deepEqual(discarded, ["late"]);
  });
}

Deno.test("withTimeLimit: a signal that is aborted afterwards changes nothing", async () => {
  const abort = new AbortController();
  const { discarded, limit } = makeLimit(abort.signal);
  assert.equal(await withTimeLimit(Promise.resolve("result"), limit), "result");
  abort.abort();
  assert.deepEqual(discarded, []);
});
