/**
 * A program: one kind of load on offloaded hosts, through a proxy that listens on 127.0.0.1.
 *
 *     https_client.ts <load> <port> <amount> <PEM file> <hostname> [<requests per second>]
 *
 * Ends with code 0 if everything was served; anything else is an error, since a figure about requests
 * that failed is worth nothing. `idle-h1` and `idle-h2` print `holding` when all their connections are
 * open and keep them until they are ended; `open-loop` prints `p50 <ms> p99 <ms>` for each window of
 * half a second.
 *
 * @module
 */
import { Http1Client } from "./http1_client.ts";
import { requestOverHttp2 } from "./http2_client.ts";
import { runOpenLoop } from "./open_loop.ts";
import { readWhole, writeWhole } from "./wire.ts";

/** A run of a few seconds that takes as long as this hangs. */
const RUN_MAX_MS = 120_000;

const CONNECTIONS_AT_ONCE = 32;
const WEBSOCKETS = 64;
const OPEN_LOOP_CONNECTIONS = 32;
const OPEN_LOOP_WINDOW_MS = 500;

/** A client's frame of 100 bytes (RFC 6455 §5.2): 2 bytes of head, 4 of mask. */
const FRAME = new Uint8Array(106).fill(7);
FRAME.set([0x82, 0x80 | 100]);

/** What a load is put on. */
interface Target {
  readonly port: number;
  readonly caPem: string;
  readonly hostname: string;
  /** Requests per second, where the load has a rate. */
  readonly rate: number;
}

const LOADS: Readonly<Record<string, (target: Target, amount: number) => Promise<void>>> = {
  websocket: runWebsocket,
  "open-loop": runRate,
  "idle-h1": (target, amount) => holdIdle(target, { amount, alpn: "http/1.1" }),
  "idle-h2": (target, amount) => holdIdle(target, { amount, alpn: "h2" }),
};

if (import.meta.main) {
  const [load, port, amount, caFile, hostname, rate = 0] = Deno.args;
  setTimeout(() => {
    console.error(`${load}: not done within ${RUN_MAX_MS / 1_000} s`);
    Deno.exit(1);
  }, RUN_MAX_MS);
  const caPem = Deno.readTextFileSync(caFile);
  await LOADS[load]({ port: Number(port), caPem, hostname, rate: Number(rate) }, Number(amount));
  Deno.exit(0);
}

/** @param amount Round trips of 100 bytes, spread over connections that stay open. */
async function runWebsocket(target: Target, amount: number): Promise<void> {
  let left = amount;
  await inParallel(WEBSOCKETS, async () => {
    using connection = await openWebsocket(target);
    const echoed = new Uint8Array(FRAME.length);
    while (left-- > 0) {
      await writeWhole(connection, FRAME);
      await readWhole(connection, echoed);
      if (echoed[0] !== FRAME[0] || echoed.at(-1) !== FRAME.at(-1)) {
        throw new Error("The echo is not what was sent");
      }
    }
  });
}

async function openWebsocket(target: Target): Promise<Deno.TlsConn> {
  const connection = await open(target, "http/1.1");
  const request = [
    `GET /chat HTTP/1.1\r\nHost: ${target.hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`,
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ].join("");
  await writeWhole(connection, new TextEncoder().encode(request));
  const byte = new Uint8Array(1);
  let head = "";
  while (!head.endsWith("\r\n\r\n")) {
    await readWhole(connection, byte);
    head += String.fromCharCode(byte[0]);
  }
  if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`Not switched: ${head}`);
  return connection;
}

/** @param amount Windows. */
async function runRate(target: Target, amount: number): Promise<void> {
  const clients: Http1Client[] = [];
  await inParallel(OPEN_LOOP_CONNECTIONS, async () => {
    const client = new Http1Client(await open(target, "http/1.1"), target.hostname);
    await client.exchange();
    clients.push(client);
  });
  const windows = await runOpenLoop(clients, {
    rate: target.rate,
    windowMs: OPEN_LOOP_WINDOW_MS,
    windows: amount + 1,
  });
  for (const latencies of windows) {
    const [p50, p99] = [0.5, 0.99].map((share) => latencies.percentile(share).toFixed(2));
    console.log(`p50 ${p50} p99 ${p99}`);
  }
}

/** @param amount Connections, each of which has been used once. */
async function holdIdle(
  target: Target,
  { amount, alpn }: { amount: number; alpn: "http/1.1" | "h2" },
): Promise<void> {
  const held: Deno.Conn[] = [];
  let left = amount;
  await inParallel(CONNECTIONS_AT_ONCE, async () => {
    while (left-- > 0) {
      const connection = await open(target, alpn);
      if (alpn === "h2") await requestOverHttp2(connection, target.hostname);
      else await new Http1Client(connection, target.hostname).exchange();
      held.push(connection);
    }
  });
  console.log("holding");
  await new Promise(() => {});
}

async function open({ port, caPem, hostname }: Target, alpn: string): Promise<Deno.TlsConn> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  tcp.setNoDelay();
  const options = { hostname, caCerts: [caPem], alpnProtocols: [alpn] };
  const connection = await Deno.startTls(tcp, options);
  const { alpnProtocol } = await connection.handshake();
  if (alpnProtocol !== alpn) throw new Error(`${alpnProtocol} was agreed on, not ${alpn}`);
  return connection;
}

async function inParallel(count: number, run: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, run));
}
