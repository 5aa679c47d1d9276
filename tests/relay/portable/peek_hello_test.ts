import assert from "node:assert/strict";
import { HELLO_MAX_BYTES, RELAY_SMALL_BUFFER_BYTES } from "../../../lib/base/limits.ts";
import { peekHello } from "../../../lib/relay/portable/peek_hello.ts";
import { buildClientHello } from "../../support/client_hello_builder.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { Peer } from "../suite/peer.ts";
import { openSocketPair } from "./pipes.ts";

/** Sizes of hellos at every growth of the buffer, records of 16 KiB included. */
const SIZES = [
  200,
  ...[1, 4, 16].flatMap((times) => [-1, 0, 1].map((off) => times * RELAY_SMALL_BUFFER_BYTES + off)),
  HELLO_MAX_BYTES - 4 * 5,
];

for (const size of SIZES) {
  Deno.test(`peekHello: a hello with a message of ${size} bytes is kept verbatim`, async () => {
    using pair = await openSocketPair();
    const bytes = buildClientHello({ serverName: "app.example", padTo: size });
    const writing = new Peer(pair.outer).write(bytes);
    const peeked = await peekHello(pair.inner, { clock: new FakeClock(), timeoutMs: 1_000 });
    await writing;
    assert.equal(peeked.result.kind, "hello");
    assert.deepEqual(peeked.bytes, bytes);
  });
}

Deno.test("peekHello: a client that resets is one that has left", async () => {
  using pair = await openSocketPair();
  const clock = new FakeClock();
  const peeking = peekHello(pair.inner, { clock, timeoutMs: 1_000 });
  pair.inner.close();
  assert.equal((await peeking).result.kind, "closed");
  assert.equal(clock.pending, 0);
});

Deno.test("peekHello: says what was read when the time is over", async () => {
  using pair = await openSocketPair();
  const clock = new FakeClock();
  const peeking = peekHello(pair.inner, { clock, timeoutMs: 1_000 });
  await new Peer(pair.outer).write(Uint8Array.of(22, 3));
  // One more round trip over another pair gives these bytes the time to arrive.
  using other = await openSocketPair();
  await new Peer(other.outer).write(Uint8Array.of(1));
  await new Peer(other.inner).read(1);
  await clock.advance(1_000);
  const { bytes, result } = await peeking;
  assert.equal(result.kind, "timeout");
  assert.deepEqual(bytes, Uint8Array.of(22, 3));
});
