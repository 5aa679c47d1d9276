import assert from "node:assert/strict";
import type { Endpoint } from "../../lib/base/addresses.ts";
import { HOP_REUSE_DELAY_MS } from "../../lib/base/limits.ts";
import { AddressBook, type Hop, type HopKey } from "../../lib/hop/address_book.ts";
import { Random } from "../support/random.ts";

const ALICE: Endpoint = { ip: "192.0.2.1", port: 50_001 };
const BOB: Endpoint = { ip: "2001:db8::b", port: 50_002 };
const NOW = 1_000_000;
const LATER = NOW + HOP_REUSE_DELAY_MS;

function key(sourcePort: number, listenerPort = 8443, sourceIp = "127.0.0.1"): HopKey {
  return { sourceIp, sourcePort, listenerPort };
}

function open(book: AddressBook, hop: HopKey, client: Endpoint, nowMs = NOW): number {
  const result = book.open(hop, client, nowMs);
  if (result.kind !== "open") throw new Error("held");
  return result.slot;
}

function begin(book: AddressBook, hop: HopKey, nowMs = NOW): Hop {
  const found = book.find(hop, nowMs);
  assert.ok(found !== undefined);
  assert.ok(book.begin(found));
  return found;
}

for (
  const ip of ["192.0.2.1", "0.0.0.0", "255.255.255.255", "::1", "2001:db8::b", "::ffff:0:1:2"]
) {
  Deno.test(`AddressBook.find: gives the client ${ip} back`, () => {
    const book = new AddressBook();
    const client = { ip, port: 65_535 };
    open(book, key(40_000), client);
    assert.deepEqual(book.find(key(40_000), NOW)?.client, client);
  });
}

Deno.test("AddressBook.find: matches the whole hop, so one source port serves two listeners", () => {
  const book = new AddressBook();
  open(book, key(40_000, 8443), ALICE);
  open(book, key(40_000, 8444), BOB);
  assert.deepEqual(book.find(key(40_000, 8443), NOW)?.client, ALICE);
  assert.deepEqual(book.find(key(40_000, 8444), NOW)?.client, BOB);
  assert.equal(book.totals().open, 2);
});

const FORGED: Record<string, HopKey> = {
  "a port that nobody opened": key(40_001),
  "the right port from 127.0.0.2": key(40_000, 8443, "127.0.0.2"),
  "the right port to another listener": key(40_000, 8444),
  "ports the wrong way round": key(8443, 40_000),
  "the right ports over IPv6": key(40_000, 8443, "::1"),
  "an address that is none": key(40_000, 8443, "127.0.0.1 "),
  "an address that ends early": key(40_000, 8443, "127.0.0."),
  "an address with a part too many": key(40_000, 8443, "127.0.0.1.0"),
  "an address with a part of two bytes": key(40_000, 8443, "127.0.0.257"),
  "no address and no ports": { sourceIp: "0.0.0.0", sourcePort: 0, listenerPort: 0 },
};
for (const [name, forged] of Object.entries(FORGED)) {
  Deno.test(`AddressBook.find: knows nothing of ${name}`, () => {
    const book = new AddressBook();
    open(book, key(40_000), ALICE);
    open(book, key(40_000, 8443, "not an address"), BOB);
    assert.equal(book.find(forged, NOW), undefined);
  });
}

Deno.test("AddressBook.find: takes a mapped source address for what it is", () => {
  const book = new AddressBook();
  open(book, key(40_000), ALICE);
  assert.deepEqual(book.find(key(40_000, 8443, "::ffff:127.0.0.1"), NOW)?.client, ALICE);
});

Deno.test("AddressBook.find: knows a closed hop for 5 s, then whoever has the port is a stranger", () => {
  const book = new AddressBook();
  book.close(open(book, key(40_000), ALICE), NOW);
  assert.deepEqual(book.find(key(40_000), NOW)?.client, ALICE);
  assert.deepEqual(book.find(key(40_000), LATER - 1)?.client, ALICE);
  assert.equal(book.find(key(40_000), LATER), undefined);
  assert.equal(book.find(key(40_000), LATER + 86_400_000), undefined);
});

Deno.test("AddressBook.find: an open hop is known however old it is", () => {
  const book = new AddressBook();
  open(book, key(40_000), ALICE);
  assert.deepEqual(book.find(key(40_000), NOW + 40 * 86_400_000)?.client, ALICE);
});

Deno.test("AddressBook.open: a key is held while its hop is open, and 5 s longer", () => {
  const book = new AddressBook();
  const slot = open(book, key(40_000), ALICE);
  assert.equal(book.open(key(40_000), BOB, LATER).kind, "held");
  book.close(slot, NOW);
  assert.equal(book.open(key(40_000), BOB, NOW).kind, "held");
  assert.equal(book.open(key(40_000), BOB, LATER - 1).kind, "held");
  assert.deepEqual(book.find(key(40_000), LATER - 1)?.client, ALICE);
  assert.equal(book.open(key(40_000), BOB, LATER).kind, "open");
  assert.deepEqual(book.find(key(40_000), LATER)?.client, BOB);
});

Deno.test("AddressBook.open: a key is held while one of its requests is in flight", () => {
  const book = new AddressBook();
  const slot = open(book, key(40_000), ALICE);
  const first = begin(book, key(40_000));
  const second = begin(book, key(40_000));
  book.close(slot, NOW);
  book.end(first, LATER);
  assert.equal(book.open(key(40_000), BOB, LATER).kind, "held");
  book.end(second, LATER);
  assert.equal(book.open(key(40_000), BOB, LATER).kind, "open");
});

Deno.test("AddressBook.begin: refuses if the entry went to another hop between find and begin", () => {
  const book = new AddressBook();
  const slot = open(book, key(40_000), ALICE);
  const found = book.find(key(40_000), NOW)!;
  book.close(slot, NOW);
  assert.equal(open(book, key(40_000), BOB, LATER), slot);
  assert.equal(book.begin(found), false);
  assert.deepEqual(book.usage(slot, LATER), { requests: 0, inFlight: 0, idleMs: 0 });
  assert.ok(book.begin(book.find(key(40_000), LATER)!));
});

Deno.test("AddressBook.begin: counts what was found before its hop closed", () => {
  const book = new AddressBook();
  const slot = open(book, key(40_000), ALICE);
  const found = book.find(key(40_000), NOW)!;
  book.close(slot, NOW);
  assert.ok(book.begin(found));
  assert.deepEqual(found.client, ALICE);
});

Deno.test("AddressBook.find: gives a keep-alive connection the same object, another hop another", () => {
  const book = new AddressBook();
  const slot = open(book, key(40_000), ALICE);
  const found = book.find(key(40_000), NOW);
  assert.equal(book.find(key(40_000), NOW), found);
  book.close(slot, NOW);
  open(book, key(40_000), BOB, LATER);
  assert.deepEqual(book.find(key(40_000), LATER)?.client, BOB);
  assert.deepEqual(found?.client, ALICE, "a request that is being handled keeps its client");
});

Deno.test("AddressBook.usage: counts requests, and idle time since the last has ended", () => {
  const book = new AddressBook();
  const slot = open(book, key(40_000), ALICE, NOW);
  assert.deepEqual(book.usage(slot, NOW + 7), { requests: 0, inFlight: 0, idleMs: 7 });
  const first = begin(book, key(40_000));
  const second = begin(book, key(40_000));
  assert.deepEqual(book.usage(slot, NOW + 8), { requests: 2, inFlight: 2, idleMs: 0 });
  book.end(first, NOW + 10);
  assert.deepEqual(book.usage(slot, NOW + 20), { requests: 2, inFlight: 1, idleMs: 0 });
  book.end(second, NOW + 20);
  assert.deepEqual(book.usage(slot, NOW + 25), { requests: 2, inFlight: 0, idleMs: 5 });
});

Deno.test("AddressBook.usage: a moment that another thread read a little later is not long ago", () => {
  const book = new AddressBook();
  const slot = open(book, key(40_000), ALICE, NOW);
  assert.equal(book.usage(slot, NOW - 3).idleMs, 0);
});

Deno.test("AddressBook.open: held when every place a key can take is taken", () => {
  const book = new AddressBook(AddressBook.allocate(16));
  for (let port = 1; port <= 16; port++) open(book, key(port), ALICE);
  assert.equal(book.open(key(17), BOB, NOW).kind, "held");
  assert.equal(book.find(key(17), NOW), undefined);
  assert.deepEqual(book.totals(), { open: 16, inFlight: 0 });
  book.close(0, NOW);
  assert.equal(book.open(key(17), BOB, LATER - 1).kind, "held");
  assert.equal(open(book, key(17), BOB, LATER), 0);
  assert.deepEqual(book.find(key(17), LATER)?.client, BOB);
});

Deno.test("AddressBook.open: a key goes back to its own place, so it never stands in two", () => {
  const book = new AddressBook(AddressBook.allocate(16));
  const ports = Array.from({ length: 16 }, (_, index) => index + 1);
  const slots = ports.map((port) => open(book, key(port), ALICE));
  for (const slot of slots) book.close(slot, NOW);
  for (const port of ports.toReversed()) {
    assert.equal(open(book, key(port), BOB, LATER), slots[port - 1]);
  }
});

Deno.test("AddressBook.totals: counts open hops and requests in flight", () => {
  const book = new AddressBook();
  const slot = open(book, key(40_000), ALICE);
  open(book, key(40_001), BOB);
  const request = begin(book, key(40_000));
  assert.deepEqual(book.totals(), { open: 2, inFlight: 1 });
  book.close(slot, NOW);
  assert.deepEqual(book.totals(), { open: 1, inFlight: 1 });
  book.end(request, NOW);
  assert.deepEqual(book.totals(), { open: 1, inFlight: 0 });
});

const WRAPS = [
  2 ** 31,
  2 ** 32,
  2 ** 33 + 2 ** 31,
  2 ** 31 + 0.7,
];
for (const wrapMs of WRAPS) {
  Deno.test(`AddressBook: time goes on where its lower 32 bits wrap, at ${wrapMs} ms`, () => {
    const book = new AddressBook();
    const slot = open(book, key(40_000), ALICE, wrapMs - 10);
    assert.equal(book.usage(slot, wrapMs + 10).idleMs, 20);
    book.close(slot, wrapMs - 1);
    assert.deepEqual(book.find(key(40_000), wrapMs + 4_000)?.client, ALICE);
    assert.equal(book.open(key(40_000), BOB, wrapMs + 4_990).kind, "held");
    assert.equal(book.open(key(40_000), BOB, wrapMs + 5_000).kind, "open");
  });
}

Deno.test("AddressBook.open: places closed weeks ago can be used, up to 49 days and after", () => {
  const dayMs = 86_400_000;
  for (const days of [1, 24, 25, 30, 49, 60, 80]) {
    const book = new AddressBook();
    book.close(open(book, key(40_000), ALICE), NOW);
    assert.equal(book.open(key(40_000), BOB, NOW + days * dayMs).kind, "open", `${days} days`);
  }
});

Deno.test("AddressBook: 28,000 hops to one listener are open at once", () => {
  const book = new AddressBook();
  let conflicts = 0;
  for (let port = 32_768; port < 60_768; port++) {
    if (book.open(key(port), { ip: "192.0.2.1", port }, NOW).kind === "held") conflicts++;
  }
  console.log(`    ${conflicts} of 28,000 hops had to be dialled again`);
  assert.ok(conflicts <= 3, `${conflicts} conflicts`);
  for (let port = 32_768; port < 60_768; port++) {
    const found = book.find(key(port), NOW);
    assert.ok(found === undefined || found.client.port === port);
  }
  assert.equal(book.totals().open, 28_000 - conflicts);
});

Deno.test("AddressBook: half full with any mix of listeners and source addresses, few conflicts", () => {
  const mixes: Record<string, (index: number) => HopKey> = {
    "100 listeners": (index) => key(32_768 + Math.floor(index / 100), 40_000 + index % 100),
    "every 2nd port": (index) =>
      key(1_024 + 2 * (index % 30_000), 8_443 + Math.floor(index / 30_000)),
    "250 addresses": (index) =>
      key(32_768 + Math.floor(index / 250), 8443, `127.0.0.${1 + index % 250}`),
  };
  for (const [name, keyOf] of Object.entries(mixes)) {
    const book = new AddressBook();
    let conflicts = 0;
    for (let index = 0; index < 32_768; index++) {
      if (book.open(keyOf(index), ALICE, NOW).kind === "held") conflicts++;
    }
    console.log(`    ${name}: ${conflicts} of 32,768`);
    assert.ok(conflicts <= 5, `${name}: ${conflicts} conflicts`);
  }
});

for (const seed of [1, 2, 3]) {
  Deno.test(`AddressBook: agrees with a Map through 50,000 random steps, seed ${seed}`, () => {
    const random = new Random(seed);
    const book = new AddressBook(AddressBook.allocate(64));
    const model = new Model();
    let nowMs = 2 ** 32 - 100_000;
    let held = 0;
    for (let step = 0; step < 50_000; step++) {
      nowMs += random.below(100);
      const hop = key(1 + random.below(12), 8_443 + random.below(2), random.pick(SOURCES));
      held += model.step(book, hop, { nowMs, action: random.below(6), step });
    }
    assert.ok(held > 100 && held < 25_000, `${held} held`);
    const { open, inFlight } = book.totals();
    assert.deepEqual({ open, inFlight }, model.totals());
  });
}

const SOURCES = ["127.0.0.1", "127.0.0.2"];

interface ModelHop {
  readonly client: Endpoint;
  readonly slot: number;
  readonly requests: Hop[];
  closedAt: number | undefined;
}

/** What an address book is meant to know, without hashing, words and generations. */
class Model {
  readonly #hops = new Map<string, ModelHop>();

  /** @returns How often the book refused a key for want of a place, which a Map never does. */
  step(
    book: AddressBook,
    hop: HopKey,
    { nowMs, action, step }: { nowMs: number; action: number; step: number },
  ): number {
    const name = JSON.stringify(hop);
    const known = this.#hops.get(name);
    const isPast = known?.closedAt !== undefined && nowMs - known.closedAt >= HOP_REUSE_DELAY_MS;
    if (action <= 1) {
      const client = { ip: `198.51.100.${step % 250}`, port: step % 65_536 };
      const result = book.open(hop, client, nowMs);
      const isFree = known === undefined || (isPast && known.requests.length === 0);
      if (result.kind === "open") {
        assert.ok(isFree, `step ${step}: opened what is in use`);
        this.#hops.set(name, { client, slot: result.slot, requests: [], closedAt: undefined });
      }
      return result.kind === "held" ? 1 : 0;
    }
    if (action === 2 && known !== undefined && known.closedAt === undefined) {
      book.close(known.slot, nowMs);
      known.closedAt = nowMs;
    }
    const found = book.find(hop, nowMs);
    assert.deepEqual(found?.client, isPast ? undefined : known?.client, `step ${step}`);
    if (action === 3 && found !== undefined) {
      assert.ok(book.begin(found));
      known!.requests.push(found);
    }
    if (action >= 4 && known !== undefined && known.requests.length > 0) {
      book.end(known.requests.pop()!, nowMs);
    }
    return 0;
  }

  totals(): { open: number; inFlight: number } {
    const hops = [...this.#hops.values()];
    return {
      open: hops.filter(({ closedAt }) => closedAt === undefined).length,
      inFlight: hops.reduce((sum, { requests }) => sum + requests.length, 0),
    };
  }
}

Deno.test("AddressBook: a second book on the same memory sees and counts the same", () => {
  const relay = new AddressBook();
  const http = new AddressBook(relay.memory);
  const slot = open(relay, key(40_000), BOB);
  const request = begin(http, key(40_000));
  assert.deepEqual(request.client, BOB);
  assert.equal(relay.usage(slot, NOW).inFlight, 1);
  relay.close(slot, NOW);
  assert.equal(relay.open(key(40_000), ALICE, LATER).kind, "held");
  http.end(request, NOW);
  open(relay, key(40_000), ALICE, LATER);
  assert.deepEqual(http.find(key(40_000), LATER)?.client, ALICE);
});

Deno.test("AddressBook: a worker opens hops while this thread looks them up: never a wrong client", async () => {
  const book = new AddressBook(AddressBook.allocate(256));
  using writer = startWriter(book.memory);
  let found = 0;
  let refused = 0;
  while (!writer.isDone()) {
    for (let turn = 0; turn < 2_000; turn++) {
      const hop = book.find(key(1 + turn % PORTS), FAR);
      if (hop === undefined) continue;
      // The writer gives each hop a client whose parts all say the same number.
      const [, , third, fourth] = hop.client.ip.split(".").map(Number);
      assert.equal(third << 8 | fourth, hop.client.port);
      found++;
      if (!book.begin(hop)) {
        refused++;
        continue;
      }
      const again = book.find(key(1 + turn % PORTS), FAR);
      assert.deepEqual(again?.client ?? hop.client, hop.client, "reused while in flight");
      book.end(hop, FAR);
    }
    // Lets the worker's messages in.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  console.log(`    ${found} look-ups, ${refused} came too late to begin, ${writer.opened()} hops`);
  assert.ok(found > 1_000, `${found} found`);
  assert.ok(writer.opened() > 1_000, `${writer.opened()} opened`);
  assert.equal(book.totals().inFlight, 0);
});

/** Keys the writer uses over and over. */
const PORTS = 8;

/** The writer's time at its end; what it closed just before can still be looked up then. */
const FAR = 2 ** 30;

function startWriter(memory: SharedArrayBuffer) {
  const url = new URL("./address_book_writer.ts", import.meta.url).href;
  const worker = new Worker(url, { type: "module" });
  let opened: number | undefined;
  worker.onmessage = ({ data }) => (opened = data.opened);
  worker.onerror = (event) => {
    event.preventDefault();
    opened = 0;
  };
  worker.postMessage({ memory, ports: PORTS, nowMs: FAR, rounds: 400_000 });
  return {
    isDone: () => opened !== undefined,
    opened: () => opened ?? 0,
    [Symbol.dispose]: () => worker.terminate(),
  };
}
