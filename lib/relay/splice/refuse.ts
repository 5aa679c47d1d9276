/**
 * Tells a client in TLS that it is refused, in such a way that the alert arrives: a socket that is
 * closed with unread bytes sends a reset, and a reset makes the client's kernel drop what it has
 * received. So: send, end our side, read on for a while, close. Does I/O.
 *
 * @module
 */
import { ALERT_LINGER_MAX_BYTES, ALERT_LINGER_MS } from "../../base/limits.ts";
import { MSG_NOSIGNAL, SHUT_WR } from "../../linux/constants.ts";
import { EPOLL } from "../../linux/epoll.ts";
import { ERRNO } from "../../linux/errno.ts";
import { type AlertDescription, encodeAlert } from "../../tls/alert.ts";
import type { ConnectionEnd } from "../relay_engine.ts";
import { type Connection, STATE } from "./connection.ts";
import type { WorkerContext } from "./worker_context.ts";

/** Sends a fatal alert (RFC 8446 §6). @param end What the record will say. */
export function refuse(
  context: WorkerContext,
  connection: Connection,
  alert: AlertDescription,
  end: ConnectionEnd,
): void {
  const { client, legacyVersion } = connection;
  connection.end = end;
  connection.hello = connection.head = undefined;
  const bytes = encodeAlert(alert, legacyVersion < 0 ? undefined : legacyVersion);
  const sent = context.libc.send(client.descriptor, bytes, bytes.length, MSG_NOSIGNAL);
  if (sent < bytes.length) return context.finish(connection, end);
  context.libc.shutdown(client.descriptor, SHUT_WR);
  connection.state = STATE.refusing;
  context.limit(connection, ALERT_LINGER_MS);
  context.watch(client, EPOLL.IN);
}

/** Reads and forgets until the client has ended or has said too much. */
export function discard(context: WorkerContext, connection: Connection): void {
  const { client } = connection;
  const { scratch } = context;
  const count = context.libc.recv(client.descriptor, scratch, scratch.length, 0);
  if (count < 0 && context.lastError.number === ERRNO.EAGAIN) return;
  connection.discarded += Math.max(0, count);
  if (count > 0 && connection.discarded < ALERT_LINGER_MAX_BYTES) return;
  context.finish(connection, connection.end ?? "refused");
}
