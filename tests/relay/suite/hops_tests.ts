/**
 * Connections that are relayed to a loopback listener of our own: who is behind them must be known
 * before their first byte, and nobody may hold one without asking for something.
 *
 * @module
 */
import assert from "node:assert/strict";
import { AddressBook, type Hop, type HopKey } from "../../../lib/hop/address_book.ts";
import { encodeAlert } from "../../../lib/tls/alert.ts";
import { findFreePort } from "../../support/free_port.ts";
import {
  Fixture,
  type FixtureOptions,
  hello,
  LATENESS_MS,
  LIMITS,
  type MakeEngine,
  until,
} from "./fixture.ts";
import { assertOpen, NAME } from "./open_pair.ts";
import { Peer, RESET, TestServer } from "./peer.ts";

/** A client whose hop the terminator has accepted and read the hello of. */
interface OpenHop extends AsyncDisposable {
  readonly fixture: Fixture;
  readonly client: Peer;
  readonly terminator: Peer;
  /** What the address book says about it. */
  readonly hop: Hop | undefined;
}

/** An address book in which every place is taken, and how that comes to an end. */
function fullBook(): { book: AddressBook; empty: () => void } {
  const book = new AddressBook(AddressBook.allocate(16));
  const slots: number[] = [];
  for (let sourcePort = 1; sourcePort <= 16; sourcePort++) {
    const key = { sourceIp: "127.0.0.1", sourcePort, listenerPort: 1 };
    const entry = book.open(key, { ip: "192.0.2.1", port: 1 }, 0);
    if (entry.kind === "open") slots.push(entry.slot);
  }
  assert.equal(slots.length, 16);
  return { book, empty: () => slots.forEach((slot) => book.close(slot, 0)) };
}

/** Registers the tests. */
export function hopsTests(name: string, makeEngine: MakeEngine): void {
  for (const mode of ["offload", "redirect"] as const) {
    Deno.test(`${name} hop: of mode ${mode} is in the book before its first byte`, async () => {
      await using open = await openHop(makeEngine, mode);
      const { client, fixture, hop, terminator } = open;
      const address = client.connection.localAddr as Deno.NetAddr;
      assert.deepEqual(hop?.client, { ip: "127.0.0.1", port: address.port });
      assert.equal(fixture.leases, 1);
      assert.deepEqual(fixture.book.totals(), { open: 1, inFlight: 0 });
      await assertOpen({ client, server: terminator });
      client[Symbol.dispose]();
      terminator[Symbol.dispose]();
      const record = await fixture.recorded();
      assert.equal(record.end, "closed");
      assert.equal(record.routeIndex, 0);
      assert.equal(record.bytesUp, hello(NAME).length + 3);
      assert.equal(record.bytesDown, 3);
      assert.equal(fixture.counters.get("connections_terminated"), 1);
      assert.deepEqual(fixture.book.totals(), { open: 0, inFlight: 0 });
    });
  }

  Deno.test(`${name} hop_key: is the whole hop, listener port included`, async () => {
    await using open = await openHop(makeEngine, "offload");
    const { fixture, terminator } = open;
    const key = hopKey(terminator);
    assert.ok(find(fixture, key));
    assert.equal(find(fixture, { ...key, listenerPort: key.listenerPort + 1 }), undefined);
    assert.equal(find(fixture, { ...key, sourceIp: "127.0.0.2" }), undefined);
  });

  Deno.test(`${name} hop_plain_http: is relayed without a hello, and entered as well`, async () => {
    using application = new TestServer();
    const options = { plainHttpPort: application.port };
    await using fixture = new Fixture(makeEngine, options);
    using client = await Peer.connect(fixture.httpPort);
    await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\n"));
    const server = await application.accept();
    await server.read(16);
    assert.ok(find(fixture, hopKey(server)));
    client[Symbol.dispose]();
    server[Symbol.dispose]();
    const record = await fixture.recorded();
    assert.equal(record.serverName, undefined);
    assert.equal(record.bytesUp, 16);
  });

  Deno.test(`${name} hop_conflict: without end is refused with internal_error`, async () => {
    using terminator = new TestServer();
    const { book, empty } = fullBook();
    const options = { book, terminatorPort: terminator.port };
    await assertUnavailable(makeEngine, options, /no free source port/, empty);
  });

  Deno.test(`${name} terminator_missing: is answered with internal_error`, async () => {
    await assertUnavailable(makeEngine, {}, /no terminator in this test/);
  });

  Deno.test(`${name} terminator_gone: is answered with internal_error`, async () => {
    await assertUnavailable(makeEngine, { terminatorPort: findFreePort() }, /refused/i);
  });

  Deno.test(`${name} terminator_late: is not waited for, and its lease is given back`, async () => {
    const leased = Promise.withResolvers<void>();
    const routes = [{ hosts: [NAME], mode: "offload" as const }];
    await using fixture: Fixture = new Fixture(makeEngine, {
      routes,
      leaseTerminator: async () => {
        await leased.promise;
        return fixture.lease(1);
      },
    });
    using client = await fixture.connect(NAME);
    await until(() => fixture.asked === 1, () => "the question for a terminator");
    await fixture.clock.advance(5_000 + LATENESS_MS);
    assert.deepEqual(await client.readToEnd(), encodeAlert("internal_error"));
    leased.resolve();
    await until(() => fixture.leases === 0, () => "the release");
  });

  Deno.test(`${name} terminator_renewed: is asked for anew, and open hops go on`, async () => {
    using terminator = new TestServer();
    const routes = [{ hosts: [NAME], mode: "offload" as const }];
    await using fixture = new Fixture(makeEngine, { routes, terminatorPort: terminator.port });
    using first = await fixture.connect(NAME);
    using firstHop = await terminator.accept();
    await firstHop.read(hello(NAME).length);
    const asked = fixture.asked;
    fixture.engine.refreshTerminators();
    using second = await fixture.connect(NAME);
    using secondHop = await terminator.accept();
    await secondHop.read(hello(NAME).length);
    assert.equal(fixture.asked, asked + 1);
    await assertOpen({ client: first, server: firstHop });
    await assertOpen({ client: second, server: secondHop });
  });

  Deno.test(`${name} plain_http_gone: closes the connection`, async () => {
    await using fixture = new Fixture(makeEngine, { plainHttpPort: findFreePort() });
    using client = await Peer.connect(fixture.httpPort);
    await client.readToEnd();
    assert.equal((await fixture.recorded()).end, "upstream_unreachable");
  });

  timeLimitTests(name, makeEngine);
}

function timeLimitTests(name: string, makeEngine: MakeEngine): void {
  Deno.test(`${name} dripping_headers: end a hop on which no request begins`, async () => {
    await using open = await openHop(makeEngine, "offload");
    const { client, fixture } = open;
    for (let seconds = 0; fixture.engine.open > 0; seconds++) {
      assert.ok(seconds <= (LIMITS.header + LATENESS_MS) / 1_000, "still open");
      // It may be closed at any moment now.
      await client.write(Uint8Array.of(seconds)).catch(() => {});
      await fixture.clock.advance(1_000);
      if (seconds < LIMITS.header / 1_000 - 2) assert.equal(fixture.engine.open, 1, `${seconds} s`);
    }
    const rest = await client.readToEnd();
    assert.ok(rest === RESET || rest.length === 0);
    assert.equal((await fixture.recorded()).end, "request_timeout");
    assert.equal(fixture.counters.get("request_timeout"), 1);
  });

  Deno.test(`${name} request_in_flight: keeps its hop, however long it takes`, async () => {
    await using open = await openHop(makeEngine, "offload");
    const { client, fixture, hop, terminator } = open;
    assert.ok(hop);
    assert.ok(fixture.book.begin(hop));
    await fixture.clock.advance(20 * LIMITS.keepAlive);
    await assertOpen({ client, server: terminator });
    fixture.book.end(hop, fixture.clock.monotonic());
    await fixture.clock.advance(LIMITS.keepAlive - 1);
    await assertOpen({ client, server: terminator });
    await fixture.clock.advance(1 + LATENESS_MS);
    assert.equal((await fixture.recorded()).end, "request_timeout");
  });

  Deno.test(`${name} requests_in_turn: keep their hop between them`, async () => {
    await using open = await openHop(makeEngine, "offload");
    const { client, fixture, hop, terminator } = open;
    assert.ok(hop);
    for (let turn = 0; turn < 5; turn++) {
      assert.ok(fixture.book.begin(hop));
      fixture.book.end(hop, fixture.clock.monotonic());
      await fixture.clock.advance(LIMITS.keepAlive - 1);
      await assertOpen({ client, server: terminator });
    }
  });
}

async function openHop(
  makeEngine: MakeEngine,
  mode: "offload" | "redirect",
  options: FixtureOptions = {},
): Promise<OpenHop> {
  const testServer = new TestServer();
  const fixture = new Fixture(makeEngine, {
    routes: [{ hosts: [NAME], mode }],
    terminatorPort: testServer.port,
    ...options,
  });
  const client = await fixture.connect(NAME);
  const terminator = await acceptWithBytes(testServer);
  const hop = find(fixture, hopKey(terminator));
  assert.deepEqual(await terminator.read(hello(NAME).length), hello(NAME));
  return {
    fixture,
    client,
    terminator,
    hop,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      testServer[Symbol.dispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

/** Passes over connections that were dialled and given up for another. */
async function acceptWithBytes(testServer: TestServer): Promise<Peer> {
  for (;;) {
    const peer = await testServer.accept();
    try {
      peer.unread(await peer.read(1));
      return peer;
    } catch {
      // It ended before its first byte: a dial that met with a conflict.
    }
  }
}

function find(fixture: Fixture, key: HopKey): Hop | undefined {
  return fixture.book.find(key, fixture.clock.monotonic());
}

function hopKey(terminator: Peer): HopKey {
  const { remoteAddr, localAddr } = terminator.connection as Deno.TcpConn;
  return {
    sourceIp: remoteAddr.hostname,
    sourcePort: remoteAddr.port,
    listenerPort: localAddr.port,
  };
}

async function assertUnavailable(
  makeEngine: MakeEngine,
  options: FixtureOptions,
  reason: RegExp,
  release = () => {},
): Promise<void> {
  const routes = [{ hosts: [NAME], mode: "offload" as const }];
  await using fixture = new Fixture(makeEngine, { routes, ...options });
  using client = await fixture.connect(NAME);
  assert.deepEqual(await client.readToEnd(), encodeAlert("internal_error"));
  client[Symbol.dispose]();
  const record = await fixture.recorded();
  assert.equal(record.end, "upstream_unreachable");
  assert.match(record.reason ?? "", reason);
  assert.equal(fixture.counters.get("terminator_unavailable"), 1);
  assert.equal(fixture.counters.get("connections_terminated"), 0);
  release();
}
