import assert from "node:assert/strict";
import { Sampler } from "../../lib/base/sampler.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("Sampler: lets a burst through per kind and period", async () => {
  const clock = new FakeClock();
  const sampler = new Sampler(clock, { burst: 2, periodMs: 1_000 });
  const admit = (kind: string, times: number) =>
    Array.from({ length: times }, () => sampler.admit(kind));
  assert.deepEqual(admit("a", 5), [0, 0, undefined, undefined, undefined]);
  assert.deepEqual(admit("b", 1), [0], "another kind has a period of its own");
  await clock.advance(999);
  assert.deepEqual(admit("a", 1), [undefined]);
  await clock.advance(1);
  assert.deepEqual(admit("a", 3), [4, 0, undefined], "4 had been held back");
});

Deno.test("Sampler: counts what was held back in the last period only", async () => {
  const clock = new FakeClock();
  const sampler = new Sampler(clock, { burst: 1, periodMs: 1_000 });
  for (let seen = 0; seen < 4; seen++) sampler.admit("a");
  await clock.advance(10_000);
  assert.equal(sampler.admit("a"), 3);
  await clock.advance(10_000);
  assert.equal(sampler.admit("a"), 0);
});

Deno.test("Sampler: by default 5 events in 10 seconds", async () => {
  const clock = new FakeClock();
  const sampler = new Sampler(clock);
  const admitted = () =>
    Array.from({ length: 20 }, () => sampler.admit("a")).filter((held) => held !== undefined);
  assert.equal(admitted().length, 5);
  await clock.advance(9_999);
  assert.equal(admitted().length, 0);
  await clock.advance(1);
  assert.equal(admitted().length, 5);
});

Deno.test("Sampler: a clock that is set back holds nothing up", async () => {
  const clock = new FakeClock();
  const sampler = new Sampler(clock, { burst: 1, periodMs: 1_000 });
  sampler.admit("a");
  clock.jump(-86_400_000);
  await clock.advance(1_000);
  assert.equal(sampler.admit("a"), 0);
});
