/**
 * Tells a client in TLS that it is refused, in such a way that the alert arrives: a socket that is
 * closed with unread bytes sends a reset, and a reset makes the client's kernel drop what it has
 * received. So: send, end our side, read on for a while, close. Closes the connection.
 *
 * @module
 */
import { ALERT_LINGER_MAX_BYTES, ALERT_LINGER_MS } from "../../base/limits.ts";
import { type AlertDescription, encodeAlert } from "../../tls/alert.ts";
import type { ClientConnection } from "./client_connection.ts";
import { closeQuietly } from "./close_quietly.ts";
import { Deadline } from "./deadline.ts";
import { writeAll } from "./write_all.ts";

/** Sends a fatal alert (RFC 8446 §6) and closes. Never throws: a client that has left is refused. */
export async function refuse(connection: ClientConnection, alert: AlertDescription): Promise<void> {
  const { clock, legacyVersion, socket } = connection;
  using _deadline = new Deadline(clock, ALERT_LINGER_MS, () => closeQuietly(socket));
  try {
    await writeAll(socket, encodeAlert(alert, legacyVersion));
    await socket.closeWrite();
    await discard(socket, ALERT_LINGER_MAX_BYTES);
  } catch {
    // The client has left or its time is over; there is nobody to tell.
  }
  closeQuietly(socket);
}

/** Reads and forgets until the stream has ended or `maxBytes` have come. */
async function discard(socket: Deno.Conn, maxBytes: number): Promise<void> {
  const buffer = new Uint8Array(4096);
  for (let left = maxBytes; left > 0;) {
    const count = await socket.read(buffer);
    if (count === null) return;
    left -= count;
  }
}
