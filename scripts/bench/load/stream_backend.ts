/**
 * A program: the servers behind the passthrough routes, one port per behaviour. Prints the ports as
 * `ready {"echo":1,"sink":2,"source":3}` and runs until it is ended. See `stream_protocol.ts`.
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
} from "./stream_protocol.ts";
import { readWhole, writeWhole } from "./wire.ts";

/** Holds a round trip's bytes; thousands of idle connections have one each. */
const ECHO_BYTES = 2 * 1024;

const BULK = new Uint8Array(BULK_BYTES);

const SERVE: Readonly<Record<Behaviour, (connection: Deno.Conn) => Promise<void>>> = {
  echo: serveEcho,
  sink: serveSink,
  source: serveSource,
};

if (import.meta.main) {
  const ports = Object.fromEntries(BEHAVIOURS.map((behaviour) => [behaviour, listen(behaviour)]));
  console.log(`ready ${JSON.stringify(ports)}`);
}

function listen(behaviour: Behaviour): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const helloBytes = helloFor(behaviour).length;
  void accept(listener, (connection) => serve(connection, helloBytes, SERVE[behaviour]));
  return listener.addr.port;
}

async function accept(
  listener: Deno.TcpListener,
  serveOne: (connection: Deno.TcpConn) => Promise<void>,
): Promise<void> {
  for await (const connection of listener) void serveOne(connection);
}

async function serve(
  connection: Deno.TcpConn,
  helloBytes: number,
  behave: (connection: Deno.Conn) => Promise<void>,
): Promise<void> {
  connection.setNoDelay();
  try {
    await readWhole(connection, new Uint8Array(helloBytes));
    await behave(connection);
  } catch {
    // A proxy that looks whether the port is open, or a client that broke off: the client reports it.
  }
  connection.close();
}

async function serveEcho(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(ECHO_BYTES);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return;
    await writeWhole(connection, buffer.subarray(0, count));
  }
}

async function serveSink(connection: Deno.Conn): Promise<void> {
  const asked = await readCount(connection);
  const buffer = new Uint8Array(BULK_BYTES);
  let sum = 0;
  while (sum < asked) {
    const count = await connection.read(buffer);
    if (count === null) return;
    sum += count;
  }
  await writeWhole(connection, encodeCount(sum));
}

async function serveSource(connection: Deno.Conn): Promise<void> {
  for (let left = await readCount(connection); left > 0; left -= BULK_BYTES) {
    await writeWhole(connection, left < BULK_BYTES ? BULK.subarray(0, left) : BULK);
  }
  await connection.closeWrite();
}

async function readCount(connection: Deno.Conn): Promise<number> {
  const bytes = new Uint8Array(COUNT_BYTES);
  await readWhole(connection, bytes);
  return decodeCount(bytes);
}
