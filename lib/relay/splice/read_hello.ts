/**
 * Reads from a new client until its ClientHello says where it wants to go. A hello that comes in one
 * piece, as most do, stays in the worker's scratch buffer; only what has to wait is kept. Input comes
 * from strangers: time and size are limited. Does I/O.
 *
 * @module
 */
import { HELLO_MAX_BYTES, RELAY_SMALL_BUFFER_BYTES } from "../../base/limits.ts";
import { ERRNO } from "../../linux/errno.ts";
import { type ClientHelloResult, parseClientHello } from "../../tls/client_hello.ts";
import { HELLO_REFUSALS } from "../hello_refusals.ts";
import { type Connection, STATE } from "./connection.ts";
import { refuse } from "./refuse.ts";
import type { WorkerContext } from "./worker_context.ts";

/** Made once, not for each hello. */
const PARSE_OPTIONS = { maxBytes: HELLO_MAX_BYTES };

/** What the bytes so far are; undefined if the connection has ended or more must come first. */
export type HelloRead = Exclude<ClientHelloResult, { kind: "more" }> | undefined;

/**
 * Reads what has come. A client that leaves is finished here.
 *
 * @returns What it is; the bytes then are {@linkcode helloBytes}.
 */
export function readHello(context: WorkerContext, connection: Connection): HelloRead {
  const room = connection.hello === undefined
    ? context.scratch
    : connection.hello.subarray(connection.helloBytes);
  const count = context.libc.recv(connection.client.descriptor, room, room.length, 0);
  if (count <= 0) {
    const isEmpty = count < 0 && context.lastError.number === ERRNO.EAGAIN;
    if (!isEmpty) leave(context, connection);
    return undefined;
  }
  connection.helloBytes += count;
  connection.client.bytes += count;
  const result = parseClientHello(helloBytes(context, connection), PARSE_OPTIONS);
  if (result.kind !== "more") return result;
  // The parser sees it coming; a buffer that cannot grow must still not be read into for ever.
  if (connection.helloBytes > HELLO_MAX_BYTES) return { kind: "too_large" };
  keepHello(context, connection);
  return undefined;
}

/** Returns what the client has sent so far: valid until the next read if it has not been kept. */
export function helloBytes(context: WorkerContext, connection: Connection): Uint8Array {
  const { hello, helloBytes: bytes } = connection;
  return hello === undefined ? context.scratchStart(bytes) : hello.subarray(0, bytes);
}

/** Keeps what the client has sent, with room for more, beyond this turn. */
export function keepHello(context: WorkerContext, connection: Connection): void {
  const { hello, helloBytes: bytes } = connection;
  if (hello !== undefined && bytes < hello.length) return;
  const size = Math.max(RELAY_SMALL_BUFFER_BYTES, 4 * bytes);
  const larger = new Uint8Array(Math.min(size, HELLO_MAX_BYTES + 1));
  larger.set((hello ?? context.scratch).subarray(0, bytes));
  connection.hello = larger;
}

/** Refuses a client that sent something else than a hello. */
export function refuseNoHello(
  context: WorkerContext,
  connection: Connection,
  result: Exclude<NonNullable<HelloRead>, { kind: "hello" }>,
): void {
  const { counter, reason } = HELLO_REFUSALS[result.kind];
  context.count(counter);
  connection.reason = reason;
  switch (result.kind) {
    case "malformed":
      connection.reason = `${reason}: ${result.reason}`;
      return refuse(context, connection, result.alert, "refused");
    case "too_large":
      return refuse(context, connection, "decode_error", "refused");
    case "not_tls":
      // It would not understand an alert.
      return context.finish(connection, "refused");
  }
}

/** Ends a connection whose time for its hello is over. */
export function refuseLateHello(context: WorkerContext, connection: Connection): void {
  if (connection.state !== STATE.hello) return;
  context.count(HELLO_REFUSALS.timeout.counter);
  connection.reason = HELLO_REFUSALS.timeout.reason;
  context.finish(connection, "refused");
}

/** For a reset as well: before its hello a client has nothing to lose. */
function leave(context: WorkerContext, connection: Connection): void {
  context.count(HELLO_REFUSALS.closed.counter);
  connection.reason = HELLO_REFUSALS.closed.reason;
  context.finish(connection, "client_left");
}
