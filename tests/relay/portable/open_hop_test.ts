import assert from "node:assert/strict";
import { AddressBook, type OpenHopResult } from "../../../lib/hop/address_book.ts";
import { PortableEngine } from "../../../lib/relay/portable/portable_engine.ts";
import { Fixture, hello } from "../suite/fixture.ts";
import { TestServer } from "../suite/peer.ts";

const NAME = "app.example";

/** Says `held` so often before it says anything else, and keeps the ports it was asked for. */
class HeldBook extends AddressBook {
  readonly ports: number[] = [];
  #left: number;

  constructor(times: number) {
    super(AddressBook.allocate(64));
    this.#left = times;
  }

  override open(...[key, client, nowMs]: Parameters<AddressBook["open"]>): OpenHopResult {
    this.ports.push(key.sourcePort);
    return this.#left-- > 0 ? { kind: "held" } : super.open(key, client, nowMs);
  }
}

Deno.test("openHop: a port that is held is kept aside, and another one dialled", async () => {
  using terminator = new TestServer();
  const book = new HeldBook(3);
  await using fixture = new Fixture(
    (plan, environment) => new PortableEngine(plan, environment),
    { routes: [{ hosts: [NAME], mode: "offload" }], terminatorPort: terminator.port, book },
  );
  using _client = await fixture.connect(NAME);
  for (let dial = 0; dial < 3; dial++) {
    assert.equal((await (await terminator.accept()).readToEnd()).length, 0);
  }
  const hop = await terminator.accept();
  assert.deepEqual(await hop.read(hello(NAME).length), hello(NAME));
  assert.equal(new Set(book.ports).size, 4);
  assert.equal(book.ports[3], (hop.connection.remoteAddr as Deno.NetAddr).port);
  assert.equal(fixture.counters.get("hop_conflict"), 3);
});
