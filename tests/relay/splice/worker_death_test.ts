import assert from "node:assert/strict";
import { countKinds } from "../suite/descriptors.ts";
import { hello, makePlan, until } from "../suite/fixture.ts";
import { PATIENCE_MS, Peer, TestServer } from "../suite/peer.ts";
import { readDescriptorLimit } from "../../support/process_usage.ts";
import { LiveEngine, whyNoSplice } from "./live_engine.ts";

const NAME = "app.example";
const OFFLOADED = "offload.example";
const ignore = whyNoSplice !== undefined;

/** Connections of the worker that dies: to a server, to a terminator, and with bytes in a pipe. */
const HOPS = 30;
const STUCK = 10;
/** Each takes four descriptors of this process; some are left for everything else. */
const RELAYED = Math.min(960, Math.floor((readDescriptorLimit() - 600) / 4));
const ALL = RELAYED + HOPS + STUCK;

/** More than the kernel's buffers at both ends take, 6 MiB and 4 MiB each (tcp(7)), and a pipe. */
const STUCK_BYTES = new Uint8Array(32 * 1_048_576);

/** Clients that come while it dies, and once it is dead. */
const LATE = 100;

/** Descriptors that the runtime may open for itself meanwhile. */
const DESCRIPTORS_TOLERANCE = 4;

async function connectThrough(port: number, server: TestServer): Promise<Peer> {
  const client = await Peer.connect(port);
  await client.write(hello(NAME));
  const peer = await server.accept();
  assert.deepEqual(await peer.read(hello(NAME).length), hello(NAME));
  return client;
}

/** Leaves bytes in a pipe, since the server does not read. @returns The end of the client's write. */
async function connectStuck(
  port: number,
  server: TestServer,
): Promise<{ client: Peer; writing: Promise<void> }> {
  const client = await connectThrough(port, server);
  // It ends by the death of the worker.
  return { client, writing: client.write(STUCK_BYTES).catch(() => {}) };
}

async function connectHop(port: number, terminator: TestServer): Promise<Peer> {
  const client = await Peer.connect(port);
  await client.write(hello(OFFLOADED));
  await (await terminator.accept()).read(10);
  return client;
}

/** What the server sends to whoever comes late. */
const ANSWER = 42;

async function answerAll(server: TestServer): Promise<void> {
  try {
    // Cut with the worker, it may send no hello, or take no answer.
    for (;;) answer(await server.accept()).catch(() => {});
  } catch (error) {
    if (error instanceof Deno.errors.BadResource) return; // The server has been closed.
    throw error;
  }
}

async function answer(peer: Peer): Promise<void> {
  using _peer = peer;
  await peer.read(hello(NAME).length);
  await peer.write(Uint8Array.of(ANSWER));
}

/**
 * A client that comes at a bad moment.
 *
 * @returns Whether it was served; else it was cut.
 * @throws {Error} If it is refused, or left hanging.
 */
async function isServed(port: number): Promise<boolean> {
  using client = await Peer.connect(port);
  try {
    await client.write(hello(NAME));
    return (await client.read(1))[0] === ANSWER;
  } catch (error) {
    const { ConnectionReset, BrokenPipe } = Deno.errors;
    const isCut = error instanceof ConnectionReset || error instanceof BrokenPipe ||
      error instanceof Error && error.message.startsWith("Ended after");
    if (isCut) return false;
    throw error;
  }
}

/** Clients that come at the same time. @returns How many were served. */
async function serveAtOnce(port: number, count: number): Promise<number> {
  const served = await Promise.all(Array.from({ length: count }, () => isServed(port)));
  return served.filter((isServed) => isServed).length;
}

async function untilPipes(ends: number): Promise<void> {
  const endsAt = performance.now() + PATIENCE_MS;
  for (let seen = 0; seen < ends; seen = (await countKinds())!.pipes) {
    assert.ok(performance.now() < endsAt, `${seen} ends of pipes, expected ${ends}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test({
  name: `worker_death: the only one, with ${ALL} connections, is reported, cleaned up and replaced`,
  ignore,
  async fn() {
    const idle = (await countKinds())!;
    using servers = new DisposableStack();
    const [server, terminator] = [new TestServer(), new TestServer()];
    servers.use(server);
    servers.use(terminator);
    await using live = new LiveEngine(
      makePlan([
        { hosts: [NAME], servers: [server.port] },
        { hosts: [OFFLOADED], mode: "offload" },
      ]),
      { terminatorPort: terminator.port },
    );
    using clients = new DisposableStack();
    const writes: Promise<void>[] = [];
    for (let count = 0; count < RELAYED; count++) {
      clients.use(await connectThrough(live.port, server));
    }
    for (let count = 0; count < HOPS; count++) clients.use(await connectHop(live.port, terminator));
    for (let count = 0; count < STUCK; count++) {
      const { client, writing } = await connectStuck(live.port, server);
      clients.use(client);
      writes.push(writing);
    }
    await untilPipes(idle.pipes + 2 * STUCK);
    assert.equal(live.engine.open, ALL);
    assert.equal(live.book.totals().open, HOPS);
    const full = (await countKinds())!;
    live.engine.killWorker(0);
    const answering = answerAll(server);
    // It is looked at in the end; whatever fails before shall be what is told.
    answering.catch(() => {});
    // Some of them may have been accepted in its last moments.
    const early = await serveAtOnce(live.port, LATE);
    await until(() => live.lines.length > 0, () => "the death");
    assert.equal(await serveAtOnce(live.port, LATE), LATE, "served by its successor");
    assert.equal(live.counters.get("connections_lost"), ALL + LATE - early);
    assert.match(live.lines.join("\n"), /error relay worker died.*connections=\d+/i);
    assert.equal(live.book.totals().open, 0);
    await Promise.all(writes);
    await until(() => live.engine.open === 0, () => "the last connection to end");
    const after = (await countKinds())!;
    assertFewer(full.sockets - 2 * ALL, after.sockets, "sockets");
    assertFewer(full.pipes - 2 * STUCK, after.pipes, "ends of pipes");
    assertFewer(full.others, after.others, "other descriptors");
    servers.dispose();
    await answering;
  },
});

function assertFewer(expected: number, actual: number, what: string): void {
  assert.ok(actual <= expected + DESCRIPTORS_TOLERANCE, `${actual} ${what}, expected ${expected}`);
}

Deno.test({
  name: "workers: three share a port, take a plan together, and drain together",
  ignore,
  async fn() {
    using server = new TestServer();
    const plan = makePlan([{ hosts: [NAME], servers: [server.port] }]);
    await using live = new LiveEngine(plan, { workers: 3 });
    using clients = new DisposableStack();
    for (let count = 0; count < 30; count++) {
      clients.use(await connectThrough(live.port, server));
    }
    assert.equal(live.engine.open, 30);
    await live.engine.update(makePlan([]));
    for (let count = 0; count < 30; count++) {
      using refused = await Peer.connect(live.port);
      await refused.write(hello(NAME));
      assert.equal((await refused.readToEnd()).length, 7, "an alert, whichever worker answers");
    }
    await until(() => live.engine.open === 30, () => "the refused to be gone");
    assert.deepEqual(await live.engine.drain(10), { finished: 0, cut: 30 });
    assert.equal(live.counters.get("connections_accepted"), 60);
  },
});

Deno.test({
  name: "update: 100 plans under load, and every connection is served by one of them",
  ignore,
  async fn() {
    using server = new TestServer();
    const plan = makePlan([{ hosts: [NAME], servers: [server.port] }]);
    await using live = new LiveEngine(plan, { workers: 2 });
    let isOver = false;
    let served = 0;
    const serving = (async () => {
      while (!isOver) {
        using _client = await connectThrough(live.port, server);
        served++;
      }
    })();
    for (let turn = 0; turn < 100 || served <= 10; turn++) {
      await live.engine.update(makePlan([{ hosts: [NAME], servers: [server.port] }]));
    }
    isOver = true;
    await serving;
  },
});
