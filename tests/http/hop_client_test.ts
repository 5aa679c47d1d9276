import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import { AddressBook } from "../../lib/hop/address_book.ts";
import { HopClient } from "../../lib/http/hop_client.ts";
import { FakeClock } from "../support/fake_clock.ts";

const KEY = { sourceIp: "127.64.0.1", sourcePort: 40_000, listenerPort: 8_443 };
const CLIENT = { ip: "192.0.2.1", port: 50_000 };

function makePlace({ sourcePort = KEY.sourcePort } = {}) {
  const clock = new FakeClock();
  const book = new AddressBook(AddressBook.allocate(16));
  const environment = {
    book,
    clock,
    counters: new Counters(),
    log: createLog({ write: () => {} }),
    sampler: new Sampler(clock),
  };
  const source = { hostname: KEY.sourceIp, port: sourcePort };
  const client = new HopClient({ environment, port: KEY.listenerPort }, source);
  return { book, client, clock };
}

function open(book: AddressBook): number {
  const opened = book.open(KEY, CLIENT, 0);
  ok(opened.kind === "open");
  return opened.slot;
}

Deno.test("HopClient.begin says whose request it is and counts it, end counts it out", () => {
  const { book, client } = makePlace();
  const slot = open(book);
  deepStrictEqual([client.begin(), client.begin()], [CLIENT, CLIENT]);
  strictEqual(book.usage(slot, 0).inFlight, 2);
  client.end();
  strictEqual(book.usage(slot, 0).inFlight, 1);
  client.end();
  strictEqual(book.usage(slot, 0).inFlight, 0);
});

Deno.test("HopClient.begin: a connection that did not come through the relay has no client", () => {
  const { book, client } = makePlace({ sourcePort: KEY.sourcePort + 1 });
  book.open(KEY, CLIENT, 0);
  strictEqual(client.begin(), undefined);
  strictEqual(client.endpoint, undefined);
  client.end();
});

Deno.test("HopClient.endpoint is known before any request, and after the hop's end", () => {
  const { book, client, clock } = makePlace();
  const slot = open(book);
  deepStrictEqual(client.endpoint, CLIENT);
  book.close(slot, clock.monotonic());
  deepStrictEqual(client.endpoint, CLIENT);
});

Deno.test("HopClient.hostnameOf follows the authority", () => {
  const { client } = makePlace();
  const asked = ["A.test:443", "A.test:443", "b.test", "[::1]", "", "a.test"];
  const expected = ["a.test", "a.test", "b.test", undefined, undefined, "a.test"];
  deepStrictEqual(asked.map((authority) => client.hostnameOf(authority)), expected);
});
