import assert from "node:assert/strict";
import { StreamLimits } from "../../../lib/http/http2/stream_limits.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const LIMIT_MS = 1_000;

function make() {
  const clock = new FakeClock();
  const expired: [stream: number, atMs: number][] = [];
  const limits = new StreamLimits(clock, {
    limitMs: LIMIT_MS,
    onExpired: (stream) => expired.push([stream, clock.monotonic()]),
  });
  return { clock, expired, limits };
}

Deno.test("StreamLimits: each stream expires after its own wait, in order", async () => {
  const { clock, expired, limits } = make();
  limits.begin(1);
  await clock.advance(300);
  limits.begin(3);
  limits.begin(5);
  await clock.advance(600);
  limits.end(3);
  await clock.advance(5_000);
  assert.deepEqual(expired, [[1, 1_000], [5, 1_300]]);
  assert.equal(clock.pending, 0);
});

Deno.test("StreamLimits: a wait that has begun does not begin again", async () => {
  const { clock, expired, limits } = make();
  for (let step = 0; step < 4; step++) {
    limits.begin(1);
    await clock.advance(300);
  }
  assert.deepEqual(expired, [[1, 1_000]]);
});

Deno.test("StreamLimits: a wait that has ended may begin anew", async () => {
  const { clock, expired, limits } = make();
  limits.begin(1);
  await clock.advance(900);
  limits.end(1);
  limits.begin(1);
  await clock.advance(999);
  assert.deepEqual(expired, []);
  await clock.advance(1);
  assert.deepEqual(expired, [[1, 1_900]]);
});

Deno.test("StreamLimits: a stream that expires may take others with it", async () => {
  const clock = new FakeClock();
  const expired: number[] = [];
  const limits: StreamLimits = new StreamLimits(clock, {
    limitMs: LIMIT_MS,
    onExpired: (stream) => {
      expired.push(stream);
      limits.end(3);
      limits.begin(7);
    },
  });
  for (const stream of [1, 3, 5]) limits.begin(stream);
  await clock.advance(LIMIT_MS);
  assert.deepEqual(expired, [1, 5]);
  await clock.advance(LIMIT_MS);
  assert.deepEqual(expired, [1, 5, 7]);
  limits.stop();
});

Deno.test("StreamLimits: nothing expires after stop, and no timer is left", async () => {
  const { clock, expired, limits } = make();
  limits.begin(1);
  limits.stop();
  assert.equal(clock.pending, 0);
  await clock.advance(5_000);
  assert.deepEqual(expired, []);
});
