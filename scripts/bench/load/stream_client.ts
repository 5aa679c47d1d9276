/**
 * A program: one kind of passthrough load, through a proxy that listens on 127.0.0.1.
 *
 *     stream_client.ts <load> <port> <amount> [<hosts in the table>]
 *
 * Ends with code 0 if every byte came as it should; anything else is an error, since a figure about
 * connections that failed is worth nothing. `idle` prints `holding` when all its connections are open
 * and keeps them until it is ended. `watch` prints `watching`, then `longest <ms>` whenever a round trip
 * took longer than all before, until it is ended. See `stream_protocol.ts`.
 *
 * @module
 */
import {
  type Behaviour,
  BEHAVIOURS,
  BULK_BYTES,
  COUNT_BYTES,
  decodeCount,
  encodeCount,
  helloFor,
  tableHelloFor,
} from "./stream_protocol.ts";
import { readWhole, writeWhole } from "./wire.ts";

/** A run of a few seconds that takes as long as this hangs. */
const RUN_MAX_MS = 120_000;

const BULK_CONNECTIONS = 4;
const CONNECTIONS_AT_ONCE = 32;
const ROUND_TRIP_CONNECTIONS = 64;
const ROUND_TRIP_BYTES = 1024;
const PING_BYTES = 4;

/** Before the first rounds have been made, code is compiled on the way. */
const WATCH_WARM_UP = 2_000;

/** Prime to every number of hosts: names come in an order that no cache foresees. */
const TABLE_STRIDE = 7_919;

const HELLOS: ReadonlyMap<Behaviour, Uint8Array> = new Map(
  BEHAVIOURS.map((behaviour) => [behaviour, helloFor(behaviour)]),
);

type Load = (port: number, amount: number, tableHosts: number) => Promise<void>;

const LOADS: Readonly<Record<string, Load>> = {
  bytes: runBytes,
  connections: runConnections,
  "table-connections": runTableConnections,
  "round-trips": runRoundTrips,
  idle: holdIdle,
  watch,
};

if (import.meta.main) {
  const [load, port, amount, tableHosts = 0] = Deno.args;
  setTimeout(() => {
    console.error(`${load}: not done within ${RUN_MAX_MS / 1_000} s`);
    Deno.exit(1);
  }, RUN_MAX_MS);
  await LOADS[load](Number(port), Number(amount), Number(tableHosts));
  Deno.exit(0);
}

/** @param amount Bytes: half of them up, then half of them down. */
async function runBytes(port: number, amount: number): Promise<void> {
  const each = Math.floor(amount / 2 / BULK_CONNECTIONS);
  await inParallel(BULK_CONNECTIONS, () => upload(port, each));
  await inParallel(BULK_CONNECTIONS, () => download(port, each));
}

async function upload(port: number, byteCount: number): Promise<void> {
  using connection = await open(port, HELLOS.get("sink")!, encodeCount(byteCount));
  const bulk = new Uint8Array(BULK_BYTES);
  for (let left = byteCount; left > 0; left -= BULK_BYTES) {
    await writeWhole(connection, left < BULK_BYTES ? bulk.subarray(0, left) : bulk);
  }
  const answer = new Uint8Array(COUNT_BYTES);
  await readWhole(connection, answer);
  expectBytes(decodeCount(answer), byteCount);
}

async function download(port: number, byteCount: number): Promise<void> {
  using connection = await open(port, HELLOS.get("source")!, encodeCount(byteCount));
  const buffer = new Uint8Array(BULK_BYTES);
  let sum = 0;
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) break;
    sum += count;
  }
  expectBytes(sum, byteCount);
}

/** @param amount Connections: connect, hello, 4 bytes there and back, close. */
async function runConnections(port: number, amount: number): Promise<void> {
  let left = amount;
  await inParallel(CONNECTIONS_AT_ONCE, async () => {
    while (left-- > 0) (await openEchoed(port)).close();
  });
}

/** @param amount Connections as above, each by another of the table's names in turn. */
async function runTableConnections(
  port: number,
  amount: number,
  tableHosts: number,
): Promise<void> {
  let left = amount;
  await inParallel(CONNECTIONS_AT_ONCE, async () => {
    while (left-- > 0) {
      (await openEchoed(port, tableHelloFor(left * TABLE_STRIDE % tableHosts))).close();
    }
  });
}

/** @param amount Round trips of 1 KiB, spread over connections that stay open. */
async function runRoundTrips(port: number, amount: number): Promise<void> {
  let left = amount;
  await inParallel(ROUND_TRIP_CONNECTIONS, async () => {
    using connection = await open(port, HELLOS.get("echo")!);
    const message = new Uint8Array(ROUND_TRIP_BYTES);
    while (left-- > 0) {
      await writeWhole(connection, message);
      await readWhole(connection, message);
    }
  });
}

/** @param amount Connections, each of which has been used once. */
async function holdIdle(port: number, amount: number): Promise<void> {
  const held: Deno.Conn[] = [];
  let left = amount;
  await inParallel(CONNECTIONS_AT_ONCE, async () => {
    while (left-- > 0) held.push(await openEchoed(port));
  });
  console.log("holding");
  await new Promise(() => {});
}

async function watch(port: number): Promise<void> {
  using connection = await open(port, HELLOS.get("echo")!);
  const message = new Uint8Array(ROUND_TRIP_BYTES);
  let longestMs = 0;
  for (let round = 1;; round++) {
    const startedMs = performance.now();
    await writeWhole(connection, message);
    await readWhole(connection, message);
    const ms = performance.now() - startedMs;
    if (round === WATCH_WARM_UP) console.log("watching");
    if (round <= WATCH_WARM_UP || ms <= longestMs) continue;
    longestMs = ms;
    console.log(`longest ${ms.toFixed(3)}`);
  }
}

async function openEchoed(port: number, hello = HELLOS.get("echo")!): Promise<Deno.TcpConn> {
  const ping = new Uint8Array(PING_BYTES).fill(7);
  const connection = await open(port, hello, ping);
  const pong = new Uint8Array(PING_BYTES);
  await readWhole(connection, pong);
  if (pong.some((byte) => byte !== 7)) throw new Error("The echo is not what was sent");
  return connection;
}

/** Connects and sends the hello, in one piece with the bytes behind it. */
async function open(
  port: number,
  hello: Uint8Array,
  behind = new Uint8Array(),
): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay();
  const bytes = new Uint8Array(hello.length + behind.length);
  bytes.set(hello);
  bytes.set(behind, hello.length);
  await writeWhole(connection, bytes);
  return connection;
}

async function inParallel(count: number, run: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, run));
}

function expectBytes(actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${actual} bytes arrived, expected ${expected}`);
}
