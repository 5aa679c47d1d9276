import assert from "node:assert/strict";
import { RATE_LIMIT_CLIENTS_MAX } from "../../../lib/base/limits.ts";
import { limitRate, RateLimiter, RateLimiters } from "../../../lib/http/policy/rate_limit.ts";
import { headerOf, makeAnswer, makeBody, makeExchange } from "../../support/exchanges.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { Random } from "../../support/random.ts";

const config = (requests: number, perMs: number, burst = requests, scope = "a.b") => ({
  scope,
  requests,
  perMs,
  burst,
});

/** How many of `count` requests pass. */
function passing(limiter: RateLimiter, client: string, count: number): number {
  let passed = 0;
  for (let n = 0; n < count; n++) if (limiter.take(client) === 0) passed++;
  return passed;
}

const BURSTS: readonly [requests: number, perMs: number, burst: number][] = [
  [1, 1_000, 1],
  [100, 60_000, 20],
  [3, 1_000, 10],
  [7, 3_333, 7],
  [1_000_000, 1, 1_000],
];

for (const [requests, perMs, burst] of BURSTS) {
  Deno.test(`RateLimiter: ${requests} in ${perMs} ms, ${burst} at once`, () => {
    const clock = new FakeClock();
    const limiter = new RateLimiter(config(requests, perMs, burst), clock);
    assert.equal(passing(limiter, "a", burst + 10), burst);
    // After that they come in evenly: one per interval, and none before.
    const waitMs = limiter.take("a");
    assert(waitMs > 0 && waitMs <= perMs / requests + 1e-6, `${waitMs} ms`);
    clock.sleep(waitMs * 0.99);
    assert.equal(passing(limiter, "a", 5), 0);
    clock.sleep(waitMs * 0.011);
    assert.equal(passing(limiter, "a", 5), 1);
    // And the bucket is never fuller than full.
    clock.sleep(perMs * burst * 10);
    assert.equal(passing(limiter, "a", burst + 10), burst);
  });
}

Deno.test("RateLimiter: refused requests cost nothing, so that who waits gets in", () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(config(1, 1_000), clock);
  limiter.take("a");
  for (let n = 0; n < 100; n++) limiter.take("a");
  clock.sleep(1_000);
  assert.equal(limiter.take("a"), 0);
});

const SEED = 20_261_121;

Deno.test(`RateLimiter: never lets more through than the limit says, seed ${SEED}`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 60; round++) {
    const [requests, perMs, burst] = [
      1 + random.below(50),
      1 + random.below(5_000),
      1 + random.below(30),
    ];
    const clock = new FakeClock();
    const limiter = new RateLimiter(config(requests, perMs, burst), clock);
    const passedAt: number[] = [];
    for (let step = 0; step < 200; step++) {
      if (random.below(2) === 0) clock.sleep(random.below(perMs));
      if (limiter.take("a") === 0) passedAt.push(clock.monotonic());
    }
    passedAt.forEach((from, index) => {
      for (let end = index; end < passedAt.length; end++) {
        const most = burst + (passedAt[end] - from) * requests / perMs + 1e-3;
        assert(end - index + 1 <= most, `${end - index + 1} of ${most} in round ${round}`);
      }
    });
  }
});

Deno.test("RateLimiter: clients do not share a bucket", () => {
  const limiter = new RateLimiter(config(1, 1_000), new FakeClock());
  assert.deepEqual(["a", "b", "a", "b"].map((client) => limiter.take(client) === 0), [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("RateLimiter: forgets who has a full bucket, as others come", () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(config(10, 1_000), clock);
  for (let n = 0; n < 1_000; n++) limiter.take(`client ${n}`);
  assert.equal(limiter.size, 1_000);
  clock.sleep(1_000);
  for (let n = 0; n < 10; n++) limiter.take("somebody");
  clock.sleep(1_000);
  for (let n = 0; n < 1_000; n++) {
    limiter.take(`newcomer ${n}`);
    clock.sleep(1);
  }
  assert(limiter.size < 250, `${limiter.size} are remembered, of whom 100 have no full bucket`);
});

Deno.test("RateLimiter: remembers so many clients at most, who asked latest", () => {
  const limiter = new RateLimiter(config(1, 3_600_000), new FakeClock());
  for (let n = 0; n < RATE_LIMIT_CLIENTS_MAX + 10; n++) limiter.take(`client ${n}`);
  assert.equal(limiter.size, RATE_LIMIT_CLIENTS_MAX);
  assert.notEqual(limiter.take("client 10"), 0);
  assert.equal(limiter.take("client 9"), 0, "it was forgotten");
});

Deno.test("RateLimiters: what is counted outlives a reload of the same limit, and no other", () => {
  const limiters = new RateLimiters(new FakeClock());
  const limiter = limiters.limiterOf(config(1, 1_000));
  limiters.keepOnly([config(1, 1_000), config(2, 1_000)]);
  assert.equal(limiters.limiterOf(config(1, 1_000)), limiter);
  for (
    const other of [
      config(2, 1_000),
      config(1, 999),
      config(1, 1_000, 2),
      config(1, 1_000, 1, "c.d"),
    ]
  ) {
    assert.notEqual(limiters.limiterOf(other), limiter);
  }
  limiters.keepOnly([config(2, 1_000)]);
  assert.equal(limiters.size, 1);
  assert.notEqual(limiters.limiterOf(config(1, 1_000)), limiter);
});

Deno.test("limitRate: RFC 6585 §4, 429 with Retry-After in whole seconds, by network for IPv6", async () => {
  const clock = new FakeClock();
  const policy = limitRate(new RateLimiter(config(2, 5_000), clock));
  const body = makeBody("x");
  const ask = async (ip: string) =>
    await policy(
      makeExchange({ client: { ip, port: 1 }, body }),
      () => Promise.resolve(makeAnswer(200)),
    );
  assert.equal((await ask("2001:db8::1")).status, 200);
  assert.equal((await ask("2001:db8::2")).status, 200);
  assert.equal(body.isCancelled, false);
  const refused = await ask("2001:db8::3");
  assert.deepEqual([refused.status, headerOf(refused, "retry-after")], [429, "3"]);
  assert.deepEqual([body.isCancelled, refused.refusal?.counter], [true, "requests_rate_limited"]);
  assert.equal((await ask("2001:db8:0:1::1")).status, 200);
  clock.sleep(2_500);
  assert.equal((await ask("2001:db8::3")).status, 200);
});
