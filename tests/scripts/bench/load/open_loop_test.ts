import { ok, rejects, strictEqual } from "node:assert/strict";
import { type Requester, runOpenLoop } from "../../../../scripts/bench/load/open_loop.ts";

const OPTIONS = { rate: 500, windowMs: 100, windows: 3 };

function requester(exchange: () => Promise<void>): Requester {
  return { exchange };
}

function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test("runOpenLoop: makes as many requests as the rate says and leaves the first window out", async () => {
  let count = 0;
  const windows = await runOpenLoop([requester(() => Promise.resolve(void count++))], OPTIONS);
  strictEqual(count, 150);
  strictEqual(windows.length, 2);
  const counted = windows[0].count + windows[1].count;
  // A timer that is late moves what was due in one window to the next.
  ok(counted >= 100 && counted <= 150, `${counted}`);
});

Deno.test("runOpenLoop: time spent waiting for a connection is part of the latency", async () => {
  // One connection, 20 ms each, 100 requests per second: the backlog grows by one every 20 ms.
  const slow = requester(() => afterMs(20));
  const windows = await runOpenLoop([slow], { rate: 100, windowMs: 100, windows: 3 });
  // The median: where timers are late the first of a window may have waited for less.
  ok(windows[1].percentile(50) > 60, `${windows[1].percentile(50)}`);
});

Deno.test("runOpenLoop: several connections serve at once", async () => {
  const slow = Array.from({ length: 20 }, () => requester(() => afterMs(20)));
  let most = 0;
  let now = 0;
  const counting = slow.map(({ exchange }) =>
    requester(async () => {
      most = Math.max(most, ++now);
      await exchange();
      now--;
    })
  );
  await runOpenLoop(counting, { rate: 200, windowMs: 100, windows: 2 });
  ok(most > 1, `${most} at once`);
});

Deno.test("runOpenLoop: a request that fails ends the run", async () => {
  const failing = requester(() => Promise.reject(new Error("not a 200")));
  await rejects(runOpenLoop([failing], OPTIONS), /not a 200/);
});

Deno.test("runOpenLoop: a rate far above what is served ends the run", async () => {
  const hanging = requester(() => new Promise<void>(() => {}));
  const options = { rate: 10_000_000, windowMs: 1_000, windows: 2 };
  await rejects(runOpenLoop([hanging], options), /10000000 requests per second are not served/);
});
