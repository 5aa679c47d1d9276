/**
 * Many connections that go wrong in every way at once, after which nothing may be left.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { SPLICE_PIPES_IDLE_MAX } from "../../../lib/base/limits.ts";
import { findFreePort } from "../../support/free_port.ts";
import { Random } from "../../support/random.ts";
import { countKinds } from "./descriptors.ts";
import { Fixture, hello, LATENESS_MS, LIMITS, type MakeEngine, until } from "./fixture.ts";
import { PATIENCE_MS, Peer } from "./peer.ts";
import { ResettingPeer } from "./resetting_peer.ts";

const SEED = 20_261_121;
const CONNECTIONS = 10_000;
const AT_ONCE = 50;

/** Descriptors that the runtime may keep or open for itself. */
const DESCRIPTORS_TOLERANCE = 4;

/** More than a pipe and the kernel's buffers take at first: some of it is in flight. */
const BULK = new Uint8Array(4 * 1_048_576);

/** Bytes come to a stand within that, and a server that has stopped goes on. */
const STOP_MS = 10;

/** Of so many connections one moves much: they are dear. */
const BULK_SHARE = 25;

/** What a server does with the first byte behind the hello. */
const ORDERS = {
  echo: 1,
  reset: 2,
  close: 3,
  end: 4,
  mute: 5,
  /** Echoes the byte and reads no more for a while. */
  stop: 6,
  /** The same, and resets then. */
  stop_and_reset: 7,
  flood: 8,
} as const;

/** What a client may do. All of them leave in the end, which ends the connection. */
const FAULTS: Readonly<Record<string, (port: number, random: Random) => Promise<void>>> = {
  none: (port) => ask(port, "app.example", ORDERS.echo),
  hop: (port) => ask(port, "offload.example", ORDERS.echo),
  hop_reset: (port) => ask(port, "offload.example", ORDERS.reset),
  server_resets: (port) => ask(port, "app.example", ORDERS.reset),
  server_closes: (port) => ask(port, "app.example", ORDERS.close),
  server_ends: (port) => ask(port, "app.example", ORDERS.end),
  server_mute: (port) => ask(port, "app.example", ORDERS.mute),
  server_down: (port) => ask(port, "down.example", ORDERS.echo),
  unknown_name: (port) => ask(port, "unknown.example", ORDERS.echo),
  garbage: (port, random) =>
    send(port, Uint8Array.of(22, 3, 1, 0, 40, ...random.bytes(40)), "read"),
  not_tls: (port) => send(port, new TextEncoder().encode("SSH-2.0-OpenSSH\r\n"), "read"),
  silent: (port) => send(port, new Uint8Array(), "end"),
  half_hello: (port, random) => send(port, part(hello("app.example"), random), "end"),
  half_hello_reset: (port, random) => sendAndReset(port, part(hello("app.example"), random)),
  client_resets: (port) => sendAndReset(port, withOrder("app.example", ORDERS.echo)),
  client_resets_hop: (port) => sendAndReset(port, withOrder("offload.example", ORDERS.mute)),
  client_vanishes: (port) => send(port, withOrder("app.example", ORDERS.mute), "close"),
};

/** Those that come while much is in flight. */
const BULK_FAULTS: Readonly<Record<string, (port: number) => Promise<void>>> = {
  client_resets: (port) => flood(port, "app.example", ORDERS.stop),
  client_resets_hop: (port) => flood(port, "offload.example", ORDERS.stop),
  server_resets: (port) => flood(port, "app.example", ORDERS.stop_and_reset),
  client_leaves: (port) => drink(port, 1),
  none: (port) => drink(port, BULK.length),
};

/** Clients that wait for their time limit, which comes once all others have gone. */
const SILENT_SHARE = 20;

/** Registers the tests. */
export function faultsTests(name: string, makeEngine: MakeEngine): void {
  Deno.test(`${name} faults: 10,000 connections leave nothing behind (seed ${SEED})`, async () => {
    const before = await countKinds();
    await runAll(makeEngine);
    const after = await countKinds();
    if (before === undefined || after === undefined) return;
    assert.ok(after.pipes <= before.pipes, `pipes: ${before.pipes} -> ${after.pipes}`);
  });
}

async function runAll(makeEngine: MakeEngine): Promise<void> {
  const random = new Random(SEED);
  await using upstream = await FaultyServer.listen();
  await using fixture = new Fixture(makeEngine, {
    routes: [
      { hosts: ["app.example"], servers: [upstream.port] },
      { hosts: ["offload.example"], mode: "offload" },
      { hosts: ["down.example"], servers: [findFreePort()] },
    ],
    terminatorPort: upstream.port,
  });
  await batch(fixture, random);
  await untilEnded(fixture, upstream);
  const before = await countKinds();
  for (let done = AT_ONCE; done < CONNECTIONS; done += AT_ONCE) await batch(fixture, random);
  await untilEnded(fixture, upstream);
  const after = await countKinds();
  if (before !== undefined && after !== undefined) {
    const sum = ({ sockets, others }: typeof before) => sockets + others;
    assert.ok(
      sum(after) <= sum(before) + DESCRIPTORS_TOLERANCE,
      `${JSON.stringify(before)} -> ${JSON.stringify(after)}`,
    );
    // Some that nobody uses are kept.
    assert.ok(after.pipes - before.pipes <= 2 * SPLICE_PIPES_IDLE_MAX, `${after.pipes} ends`);
  }
  assertAccountedFor(fixture);
}

async function untilEnded({ engine }: Fixture, upstream: FaultyServer): Promise<void> {
  await until(() => engine.open === 0, () => `${engine.open} to end`);
  await until(() => upstream.open === 0, () => `${upstream.open} of the server to end`);
}

/** Connections that the engine has noticed. */
function countSeen({ counters }: Fixture): number {
  // Who resets before being accepted leaves a count only.
  return counters.get("connections_accepted") + counters.get("accept_failures");
}

function assertAccountedFor(fixture: Fixture): void {
  const { book, clock, counters, lines, records } = fixture;
  assert.equal(countSeen(fixture), CONNECTIONS);
  assert.equal(records.length, counters.get("connections_accepted"));
  assert.deepEqual(book.totals(), { open: 0, inFlight: 0 });
  assert.equal(clock.pending, 0);
  assert.ok(counters.get("hello_timeout") > 0, "nobody was silent for too long");
  assert.deepEqual(lines.filter((line) => line.includes("Cannot serve")), []);
  const ends = new Set(records.map((record) => record.end));
  for (
    const end of [
      "closed",
      "client_left",
      "client_reset",
      "upstream_reset",
      "refused",
      "upstream_unreachable",
    ] as const
  ) {
    assert.ok(ends.has(end), `no connection ended as ${end}`);
  }
}

/** Connects {@linkcode AT_ONCE} clients and waits until all of them have gone. */
async function batch(fixture: Fixture, random: Random): Promise<void> {
  const { clock, engine, httpsPort } = fixture;
  const expected = countSeen(fixture) + AT_ONCE;
  const running: Promise<void>[] = [];
  const silent: Promise<void>[] = [];
  for (let count = 0; count < AT_ONCE; count++) {
    if (random.below(SILENT_SHARE) === 0) silent.push(send(httpsPort, new Uint8Array(), "read"));
    else running.push(chooseFault(random)(httpsPort, random));
  }
  await Promise.all(running);
  const endsAt = performance.now() + PATIENCE_MS;
  while (engine.open > 0 || countSeen(fixture) < expected) {
    assert.ok(performance.now() < endsAt, `${engine.open} are open whatever the time`);
    await clock.advance(LIMITS.hello + LATENESS_MS);
  }
  await Promise.all(silent);
}

function chooseFault(random: Random): (port: number, random: Random) => Promise<void> {
  return random.pick(Object.values(random.below(BULK_SHARE) === 0 ? BULK_FAULTS : FAULTS));
}

/** A client that says what the server shall do, waits for the end or an echo, and leaves. */
async function ask(port: number, serverName: string, order: number): Promise<void> {
  using peer = await Peer.connect(port);
  // Whatever the server does to us: the engine is what is looked at.
  await peer.write(withOrder(serverName, order)).catch(() => {});
  if (order === ORDERS.mute) await peer.end().catch(() => {});
  await peer.read(1).catch(() => {});
}

async function send(port: number, bytes: Uint8Array, then: "read" | "end" | "close") {
  using peer = await Peer.connect(port);
  await peer.write(bytes).catch(() => {});
  if (then === "end") await peer.end().catch(() => {});
  if (then !== "close") await peer.readToEnd().catch(() => {});
}

async function sendAndReset(port: number, bytes: Uint8Array): Promise<void> {
  using peer = await ResettingPeer.connect(port);
  if (bytes.length > 0) await peer.write(bytes);
  peer.reset();
}

/** A client that sends more than is read, and resets if it is not reset before. */
async function flood(port: number, serverName: string, order: number): Promise<void> {
  using peer = await ResettingPeer.connect(port);
  await peer.write(withOrder(serverName, order));
  await peer.read(1);
  const writing = peer.write(BULK);
  await pause(2 * STOP_MS);
  peer.reset();
  await writing;
}

/** A client that reads a part of what comes, at least, and leaves. */
async function drink(port: number, count: number): Promise<void> {
  using peer = await Peer.connect(port);
  await peer.write(withOrder("app.example", ORDERS.flood));
  const bytes = await peer.read(count);
  assert.equal(bytes.length, count);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function withOrder(serverName: string, order: number): Uint8Array {
  return Uint8Array.of(...hello(serverName), order);
}

function part(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.subarray(0, random.below(bytes.length));
}

/** Reads a hello and one more byte, which is an order. */
class FaultyServer implements AsyncDisposable {
  readonly #server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  readonly #sockets = new Set<Socket>();

  static async listen(): Promise<FaultyServer> {
    const server = new FaultyServer();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sockets.forEach((socket) => socket.destroy());
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(socket: Socket): void {
    let received = 0;
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.end());
    socket.on("data", (piece: Uint8Array) => {
      received += piece.length;
      // Both names that lead here are as long as each other or shorter; the order ends a piece.
      const order = piece[piece.length - 1];
      if (received > 100) obey(socket, order);
    });
  }
}

function obey(socket: Socket, order: number): void {
  switch (order) {
    case ORDERS.echo:
      return void socket.write(Uint8Array.of(order));
    case ORDERS.reset:
      return void socket.resetAndDestroy();
    case ORDERS.close:
      return void socket.destroy();
    case ORDERS.end:
      return void socket.end();
    case ORDERS.flood:
      return void socket.end(BULK);
    case ORDERS.stop:
    case ORDERS.stop_and_reset:
      socket.write(Uint8Array.of(order));
      socket.pause();
      setTimeout(() => {
        if (order === ORDERS.stop) socket.resume();
        else socket.resetAndDestroy();
      }, STOP_MS);
  }
}
