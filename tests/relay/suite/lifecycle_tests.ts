/**
 * An engine's own life: listening, another plan, an end that waits for the clients and one that does
 * not.
 *
 * @module
 */
import assert from "node:assert/strict";
import { encodeAlert } from "../../../lib/tls/alert.ts";
import {
  Fixture,
  type FixtureOptions,
  hello,
  type MakeEngine,
  makePlan,
  until,
} from "./fixture.ts";
import { assertOpen, NAME, openPair } from "./open_pair.ts";
import { Peer, TestServer } from "./peer.ts";
import { SilentServer } from "./silent_server.ts";

/** Where a connection may be when it is cut. */
interface Phase extends Disposable {
  readonly options: FixtureOptions;
  /** Brings a client there. */
  readonly reach: (fixture: Fixture) => Promise<Peer>;
}

/** Registers the tests. */
export function lifecycleTests(name: string, makeEngine: MakeEngine): void {
  Deno.test(`${name} update: decides new connections and does not touch open ones`, async () => {
    await using pair = await openPair(makeEngine);
    const { fixture } = pair;
    using waiting = await fixture.connect();
    await until(() => fixture.engine.open === 2, () => "a second connection");
    await fixture.engine.update(makePlan([]));
    await assertOpen(pair);
    using refused = await fixture.connect(NAME);
    assert.deepEqual(await refused.readToEnd(), encodeAlert("unrecognized_name"));
    // A connection keeps the plan it was accepted under.
    await waiting.write(hello(NAME));
    assert.deepEqual(await (await pair.testServer.accept()).read(3), hello(NAME).subarray(0, 3));
  });

  Deno.test(`${name} listen: on a port that is taken fails and leaves none open`, async () => {
    await using fixture = new Fixture(makeEngine);
    using taken = new TestServer();
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = free.addr;
    free.close();
    const other = makeEngine(makePlan([]), fixture.environment);
    const addresses = [port, taken.port].map((each) => (
      { kind: "tcp", hostname: "127.0.0.1", port: each } as const
    ));
    assert.throws(
      () => other.listen({ https: addresses, http: [] }),
      /Cannot listen on 127.0.0.1:/,
    );
    await untilClosed(port);
  });

  Deno.test(`${name} stop_accepting: refuses new connections and keeps open ones`, async () => {
    await using pair = await openPair(makeEngine);
    pair.fixture.engine.stopAccepting();
    await untilClosed(pair.fixture.httpsPort);
    assert.equal(pair.fixture.engine.open, 1);
    await assertOpen(pair);
    pair.fixture.engine.stopAccepting();
  });

  Deno.test(`${name} drain: waits for some and cuts the others`, async () => {
    await using pair = await openPair(makeEngine);
    const { fixture } = pair;
    using client = await fixture.connect(NAME);
    const server = await pair.testServer.accept();
    await server.read(hello(NAME).length);
    const draining = fixture.engine.drain(30_000);
    client[Symbol.dispose]();
    server[Symbol.dispose]();
    assert.equal((await fixture.recorded()).end, "closed");
    await fixture.clock.advance(29_000);
    await assertOpen(pair);
    await fixture.clock.advance(2_000);
    assert.deepEqual(await draining, { finished: 1, cut: 1 });
    await pair.client.readToEnd();
    await pair.server.readToEnd();
    assert.equal((await fixture.recorded(2)).end, "drained");
  });

  Deno.test(`${name} drain: with no connection is over at once`, async () => {
    await using fixture = new Fixture(makeEngine);
    assert.deepEqual(await fixture.engine.drain(30_000), { finished: 0, cut: 0 });
    assert.deepEqual(await fixture.engine.drain(30_000), { finished: 0, cut: 0 });
  });

  cutTests(name, makeEngine);
}

function cutTests(name: string, makeEngine: MakeEngine): void {
  for (const [where, enter] of PHASES) {
    Deno.test(`${name} cut: ends a connection ${where}`, async () => {
      using phase = await enter();
      await using fixture = new Fixture(makeEngine, phase.options);
      using _client = await phase.reach(fixture);
      assert.equal(fixture.engine.open, 1);
      assert.deepEqual(await fixture.cut(), { finished: 0, cut: 1 });
      assert.equal((await fixture.recorded()).end, "drained");
    });
  }
}

/** Waits until a port can be listened on: a listener that waits is closed a moment after it was told. */
async function untilClosed(port: number): Promise<void> {
  await until(() => {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) return false;
      throw error;
    }
  }, () => `port ${port} to be free`);
}

const OFFLOAD = [{ hosts: [NAME], mode: "offload" as const }];

/** Where a connection may be when it is cut, and how it gets there. */
const PHASES: readonly (readonly [string, () => Phase | Promise<Phase>])[] = [
  ["before the hello", () =>
    makePhase({}, async (fixture) => {
      const client = await fixture.connect();
      await until(() => fixture.engine.open === 1, () => "the connection");
      return client;
    })],
  ["while it is refused", () =>
    makePhase({}, async (fixture) => {
      const client = await fixture.connect("elsewhere.example");
      await client.read(7);
      return client;
    })],
  ["while a server is connected to", async () => {
    const silent = await SilentServer.listen();
    const routes = [{ hosts: [NAME], servers: [silent.port, silent.port] }];
    return makePhase({ routes }, connectUntil((fixture) => fixture.dials === 1), silent);
  }],
  ["while a terminator is opened", () => {
    const leaseTerminator = () => new Promise<never>(() => {});
    const reach = connectUntil((fixture) => fixture.asked === 1);
    return makePhase({ routes: OFFLOAD, leaseTerminator }, reach);
  }],
  ["while a hop is dialled", async () => {
    const silent = await SilentServer.listen();
    const options = { routes: OFFLOAD, terminatorPort: silent.port };
    return makePhase(options, connectUntil((fixture) => fixture.leases === 1), silent);
  }],
  ["on a hop", () => {
    const terminator = new TestServer();
    const options = { routes: OFFLOAD, terminatorPort: terminator.port };
    return makePhase(options, connectTo(terminator), terminator);
  }],
  ["half-closed", () => {
    const server = new TestServer();
    const options = { routes: [{ hosts: [NAME], servers: [server.port] }] };
    return makePhase(options, async (fixture) => {
      const client = await connectTo(server)(fixture);
      await client.end();
      return client;
    }, server);
  }],
  ["whose server is stuck", () => {
    const server = new TestServer();
    const options = { routes: [{ hosts: [NAME], servers: [server.port] }] };
    return makePhase(options, async (fixture) => {
      const client = await connectTo(server)(fixture);
      await fillUp(client);
      return client;
    }, server);
  }],
];

function makePhase(
  options: FixtureOptions,
  reach: Phase["reach"],
  server?: Disposable,
): Phase {
  return { options, reach, [Symbol.dispose]: () => server?.[Symbol.dispose]() };
}

function connectUntil(isThere: (fixture: Fixture) => boolean): Phase["reach"] {
  return async (fixture) => {
    const client = await fixture.connect(NAME);
    await until(() => isThere(fixture), () => "the phase");
    return client;
  };
}

function connectTo(server: TestServer): Phase["reach"] {
  return async (fixture) => {
    const client = await fixture.connect(NAME);
    await (await server.accept()).read(hello(NAME).length);
    return client;
  };
}

/** Writes until nothing more is taken: the engine then stands in the middle of a write. */
async function fillUp(client: Peer): Promise<void> {
  const chunk = new Uint8Array(64 * 1024);
  for (let isTaken = true; isTaken;) {
    const writing = client.connection.write(chunk).then(() => true, () => false);
    const patience = Promise.withResolvers<false>();
    const timer = setTimeout(() => patience.resolve(false), 250);
    isTaken = await Promise.race([writing, patience.promise]);
    clearTimeout(timer);
  }
}
