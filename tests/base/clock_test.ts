import assert from "node:assert/strict";
import { systemClock, TIMER_MAX_MS } from "../../lib/base/clock.ts";

Deno.test("systemClock: tells the time of day and a steady time", () => {
  const before = Date.now();
  const now = systemClock.now();
  assert.ok(before <= now && now <= Date.now());
  const first = systemClock.monotonic();
  assert.ok(systemClock.monotonic() >= first);
});

Deno.test("systemClock.after: runs once, not before its time", async () => {
  const startedAt = systemClock.monotonic();
  let runs = 0;
  await new Promise<void>((resolve) => {
    systemClock.after(20, () => {
      runs++;
      resolve();
    });
  });
  // Timers count whole milliseconds from a moment that may have begun already.
  assert.ok(systemClock.monotonic() - startedAt >= 19);
  assert.equal(runs, 1);
});

Deno.test("systemClock.after: does not run when cancelled or disposed of", async () => {
  const ran: string[] = [];
  systemClock.after(0, () => ran.push("cancelled")).cancel();
  {
    using _timer = systemClock.after(0, () => ran.push("disposed"));
  }
  const last = Promise.withResolvers<void>();
  const timer = systemClock.after(1, () => last.resolve());
  await last.promise;
  timer.cancel();
  timer.cancel();
  assert.deepEqual(ran, []);
});

Deno.test("systemClock.after: a delay that setTimeout cannot hold does not run at once", async () => {
  let ran = false;
  using _long = systemClock.after(TIMER_MAX_MS + 1, () => (ran = true));
  using _endless = systemClock.after(Infinity, () => (ran = true));
  const later = Promise.withResolvers<void>();
  systemClock.after(5, () => later.resolve());
  await later.promise;
  assert.equal(ran, false);
});
