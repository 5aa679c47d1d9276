/**
 * Many connections that go wrong in every way at once, after which nothing may be left.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { findFreePort } from "../../support/free_port.ts";
import { Random } from "../../support/random.ts";
import { countDescriptors } from "./descriptors.ts";
import { Fixture, hello, type MakeEngine, until } from "./fixture.ts";
import { Peer } from "./peer.ts";
import { ResettingPeer } from "./resetting_peer.ts";

const SEED = 20_261_121;
const CONNECTIONS = 2_000;
const AT_ONCE = 50;

/** Descriptors that the runtime may keep or open for itself. */
const DESCRIPTORS_TOLERANCE = 4;

/** What a server does with the first byte behind the hello. */
const ORDERS = { echo: 1, reset: 2, close: 3, end: 4, mute: 5 } as const;

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
  not_tls: (port) => send(port, new TextEncoder().encode("SSH-2.0-OpenSSH\r\n"), "read"),
  silent: (port) => send(port, new Uint8Array(), "end"),
  half_hello: (port, random) => send(port, part(hello("app.example"), random), "end"),
  half_hello_reset: (port, random) => sendAndReset(port, part(hello("app.example"), random)),
  client_resets: (port) => sendAndReset(port, withOrder("app.example", ORDERS.echo)),
  client_resets_hop: (port) => sendAndReset(port, withOrder("offload.example", ORDERS.mute)),
  client_vanishes: (port) => send(port, withOrder("app.example", ORDERS.mute), "close"),
};

/** Registers the tests. */
export function faultsTests(name: string, makeEngine: MakeEngine): void {
  Deno.test(`${name} faults: 2,000 connections leave nothing behind (seed ${SEED})`, async () => {
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
    await batch(fixture.httpsPort, random, AT_ONCE);
    await until(() => fixture.engine.open === 0, () => `${fixture.engine.open} to end`);
    const before = await countDescriptors();
    for (let done = AT_ONCE; done < CONNECTIONS; done += AT_ONCE) {
      await batch(fixture.httpsPort, random, AT_ONCE);
    }
    await until(() => fixture.engine.open === 0, () => `${fixture.engine.open} to end`);
    await until(() => upstream.open === 0, () => `${upstream.open} of the server to end`);
    const after = await countDescriptors();
    // Who resets before being accepted leaves a count only.
    const { counters } = fixture;
    const seen = counters.get("connections_accepted") + counters.get("accept_failures");
    assert.equal(seen, CONNECTIONS);
    assert.equal(fixture.records.length, counters.get("connections_accepted"));
    assert.deepEqual(fixture.book.totals(), { open: 0, inFlight: 0 });
    assert.equal(fixture.clock.pending, 0);
    assert.ok(
      after === undefined || after <= before! + DESCRIPTORS_TOLERANCE,
      `${before} -> ${after}`,
    );
    assert.deepEqual(fixture.lines.filter((line) => line.includes("Cannot serve")), []);
    const ends = new Set(fixture.records.map((record) => record.end));
    for (
      const end of ["closed", "client_left", "client_reset", "refused", "upstream_unreachable"]
    ) {
      assert.ok(ends.has(end as never), `no connection ended as ${end}`);
    }
  });
}

async function batch(port: number, random: Random, count: number): Promise<void> {
  const faults = Array.from({ length: count }, () => random.pick(Object.keys(FAULTS)));
  await Promise.all(faults.map((fault) => FAULTS[fault](port, random)));
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
  if (order === ORDERS.echo) socket.write(Uint8Array.of(order));
  else if (order === ORDERS.reset) socket.resetAndDestroy();
  else if (order === ORDERS.close) socket.destroy();
  else if (order === ORDERS.end) socket.end();
}
