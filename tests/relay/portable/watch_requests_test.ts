import assert from "node:assert/strict";
import { RELAY_IDLE_TIMEOUT_MS } from "../../../lib/base/limits.ts";
import { AddressBook } from "../../../lib/hop/address_book.ts";
import { watchRequests } from "../../../lib/relay/portable/watch_requests.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const KEY = { sourceIp: "127.0.0.1", sourcePort: 40_000, listenerPort: 50_000 };
const LEASE = { port: 50_000, headerTimeoutMs: 100, keepAliveTimeoutMs: 1_000, release() {} };

/** A watched hop of a book. */
function watch(isTaking?: () => boolean) {
  const clock = new FakeClock();
  const book = new AddressBook(AddressBook.allocate(64));
  const entry = book.open(KEY, { ip: "192.0.2.1", port: 1 }, clock.monotonic());
  assert.ok(entry.kind === "open");
  const hop = book.find(KEY, clock.monotonic());
  assert.ok(hop);
  const state = { expired: 0 };
  const expire = () => void state.expired++;
  const watching = watchRequests(entry.slot, { book, clock, lease: LEASE, expire, isTaking });
  return { book, clock, hop, state, watching };
}

/** What happens at which moment, in milliseconds, and when the hop expires. */
const CASES: readonly { name: string; begins: number[]; ends: number[]; expiresAt: number }[] = [
  { name: "no request at all", begins: [], ends: [], expiresAt: 100 },
  { name: "a first request in time", begins: [99], ends: [99], expiresAt: 1_099 },
  { name: "a request that takes long", begins: [50], ends: [9_000], expiresAt: 10_000 },
  { name: "two requests at once", begins: [10, 20], ends: [30, 500], expiresAt: 1_500 },
  { name: "a second request in time", begins: [10, 900], ends: [20, 910], expiresAt: 1_910 },
];

for (const { name, begins, ends, expiresAt } of CASES) {
  Deno.test(`watchRequests: ${name} expires after ${expiresAt} ms`, async () => {
    const { book, clock, hop, state } = watch();
    const moments = [
      ...begins.map((at) => ({ at, run: () => assert.ok(book.begin(hop)) })),
      ...ends.map((at) => ({ at, run: () => book.end(hop, clock.monotonic()) })),
    ].sort((one, other) => one.at - other.at);
    for (const { at, run } of moments) {
      await clock.advance(at - clock.monotonic());
      run();
    }
    await clock.advance(expiresAt - 1 - clock.monotonic());
    assert.equal(state.expired, 0);
    await clock.advance(1);
    assert.equal(state.expired, 1);
    assert.equal(clock.pending, 0);
  });
}

Deno.test("watchRequests: ends when it is disposed of", async () => {
  const { clock, state, watching } = watch();
  watching[Symbol.dispose]();
  await clock.advance(10_000);
  assert.equal(state.expired, 0);
  assert.equal(clock.pending, 0);
});

Deno.test("watchRequests: a client that still takes its answer is spared, for a while", async () => {
  let isTaking = true;
  const { book, clock, hop, state } = watch(() => isTaking);
  book.begin(hop);
  book.end(hop, clock.monotonic());
  await clock.advance(RELAY_IDLE_TIMEOUT_MS - 1);
  assert.equal(state.expired, 0);
  await clock.advance(LEASE.keepAliveTimeoutMs);
  assert.equal(state.expired, 1);

  const other = watch(() => isTaking);
  other.book.begin(other.hop);
  other.book.end(other.hop, other.clock.monotonic());
  await other.clock.advance(1_500);
  isTaking = false;
  await other.clock.advance(500);
  assert.equal(other.state.expired, 1);
});

Deno.test("watchRequests: one that has asked for nothing is not spared", async () => {
  const { clock, state } = watch(() => true);
  await clock.advance(LEASE.headerTimeoutMs);
  assert.equal(state.expired, 1);
});
