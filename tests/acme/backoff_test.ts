import assert from "node:assert/strict";
import { backoffName, openBackoff } from "../../lib/acme/backoff.ts";
import { createLog, silentLog } from "../../lib/base/log.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryStore } from "../support/memory_store.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const hostname = "app.example.org";
const NAME = backoffName(hostname);

function place(overrides: { directoryUrl?: string; store?: MemoryStore; random?: number } = {}) {
  const clock = new FakeClock();
  const store = overrides.store ?? new MemoryStore();
  const directoryUrl = overrides.directoryUrl ?? "https://ca.example/dir";
  const random = () => overrides.random ?? 0;
  return { hostname, directoryUrl, store, clock, log: silentLog, random };
}

Deno.test("Backoff makes at most 5 attempts in any hour, and slows down to one in six hours", async () => {
  for (const random of [0, 1]) {
    const options = place({ random });
    const backoff = await openBackoff(options);
    const attempts: number[] = [];
    for (let count = 0; count < 12; count++) {
      attempts.push(options.clock.now());
      await backoff.begin();
      await backoff.fail();
      options.clock.jump(backoff.nextAt - options.clock.now());
    }
    for (const at of attempts) {
      const within = attempts.filter((other) => other >= at && other < at + HOUR_MS);
      assert.ok(within.length <= 5, `${within.length} attempts`);
    }
    const last = attempts.at(-1)! - attempts.at(-2)!;
    assert.equal(last, 6 * HOUR_MS * (1 + 0.2 * random));
  }
});

Deno.test("Backoff follows a longer Retry-After, up to a day", async () => {
  for (
    const [asked, waited] of [[10_000, MINUTE_MS], [HOUR_MS, HOUR_MS], [
      900 * HOUR_MS,
      24 * HOUR_MS,
    ]]
  ) {
    const options = place();
    const backoff = await openBackoff(options);
    await backoff.begin();
    await backoff.fail(asked);
    assert.equal(backoff.nextAt - options.clock.now(), waited);
  }
});

Deno.test("Backoff survives a restart, and success ends it", async () => {
  const options = place();
  const before = await openBackoff(options);
  for (let count = 0; count < 3; count++) {
    await before.begin();
    await before.fail();
  }
  const after = await openBackoff(options);
  assert.deepEqual([after.attempts, after.nextAt], [3, before.nextAt]);
  await after.begin();
  await after.succeed();
  assert.deepEqual([after.attempts, after.nextAt], [0, 0]);
  assert.deepEqual([...options.store.values.keys()], []);
});

Deno.test("Backoff lets a first interrupted attempt pass, and counts further ones as failures", async () => {
  const options = place();
  const waits: number[] = [];
  for (let restart = 0; restart < 4; restart++) {
    const backoff = await openBackoff(options);
    waits.push(Math.max(0, backoff.nextAt - options.clock.now()));
    options.clock.jump(waits.at(-1)!);
    await backoff.begin();
  }
  assert.deepEqual(waits, [0, 0, MINUTE_MS, 5 * MINUTE_MS]);
});

Deno.test("openBackoff does not hold failures with one directory against another", async () => {
  const store = new MemoryStore();
  const first = await openBackoff(place({ store, directoryUrl: "https://one.example/dir" }));
  await first.begin();
  await first.fail();
  const second = await openBackoff(place({ store, directoryUrl: "https://two.example/dir" }));
  assert.deepEqual([second.attempts, second.nextAt], [0, 0]);
});

Deno.test("openBackoff does not wait for years because the clock was wrong", async () => {
  const options = place();
  const record = { directory: options.directoryUrl, attempts: 1, nextAt: Date.UTC(2099, 0) };
  options.store.put(NAME, JSON.stringify(record));
  const backoff = await openBackoff(options);
  assert.equal(backoff.nextAt, options.clock.now() + 24 * HOUR_MS);
});

Deno.test("openBackoff sets a damaged record aside and begins anew", async () => {
  for (const text of ["", "{}", "null", '{"directory":"x","attempts":-1,"nextAt":0}', '{"a"']) {
    const options = place();
    options.store.put(NAME, text);
    assert.equal((await openBackoff(options)).attempts, 0);
    assert.equal(options.store.setAsideNames.length, 1);
  }
});

Deno.test("Backoff counts on where it cannot be saved, and says so", async () => {
  const options = place();
  const lines: string[] = [];
  options.log = createLog({ write: (line) => lines.push(line) });
  options.store.failsToWrite = () => true;
  const backoff = await openBackoff(options);
  await backoff.begin();
  await backoff.fail();
  assert.equal(backoff.nextAt, options.clock.now() + MINUTE_MS);
  assert.match(lines[0], /warn .*Cannot keep the count/);
});
