/**
 * Relays a connection to a loopback listener of our own: a terminator, or the application behind
 * port 80. The hop stands in the address book from before its first byte until it is closed.
 *
 * @module
 */
import { formatHostPort } from "../../base/addresses.ts";
import { TERMINATOR_TIMEOUT_MS } from "../../base/limits.ts";
import { withTimeLimit } from "../../base/time_limit.ts";
import type { Match } from "../../route/route_table.ts";
import type { ConnectionEnd, HopLease } from "../relay_engine.ts";
import type { ClientConnection } from "./client_connection.ts";
import { closeQuietly } from "./close_quietly.ts";
import { join } from "./join.ts";
import { type OpenHop, openHop } from "./open_hop.ts";
import { refuse } from "./refuse.ts";
import { watchRequests } from "./watch_requests.ts";
import { writeAll } from "./write_all.ts";

/** Relays to the terminator of a match. @param bytes What the client has sent so far. */
export async function relayToTerminator(
  connection: ClientConnection,
  match: Match,
  bytes: Uint8Array,
): Promise<ConnectionEnd> {
  let hop: LeasedHop;
  try {
    hop = await openLeasedHop(connection, await leaseTerminator(connection, match));
  } catch (error) {
    noteUnavailable(connection, error);
    await refuse(connection, "internal_error");
    return "upstream_unreachable";
  }
  connection.environment.counters.add("connections_terminated");
  return joinHop(connection, hop, bytes);
}

/** Serves a connection of the plain HTTP port. */
export async function servePlainHttp(connection: ClientConnection): Promise<ConnectionEnd> {
  try {
    const hop = await openLeasedHop(connection, connection.environment.leasePlainHttp());
    return await joinHop(connection, hop, new Uint8Array());
  } catch (error) {
    noteUnavailable(connection, error);
    return "upstream_unreachable";
  }
}

interface LeasedHop extends OpenHop {
  readonly lease: HopLease;
}

async function leaseTerminator(connection: ClientConnection, match: Match): Promise<HopLease> {
  const { clock, environment, signal } = connection;
  return await withTimeLimit(environment.leaseTerminator(match), {
    clock,
    timeoutMs: TERMINATOR_TIMEOUT_MS,
    signal,
    discard: (lease) => lease.release(),
  });
}

/** Takes over the lease. */
async function openLeasedHop(connection: ClientConnection, lease: HopLease): Promise<LeasedHop> {
  connection.known.server = formatHostPort("127.0.0.1", lease.port);
  try {
    const hop = await openHop(connection, lease.port);
    connection.upstream = hop.connection;
    return { ...hop, lease };
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** Takes over the hop. Never throws. */
async function joinHop(
  connection: ClientConnection,
  hop: LeasedHop,
  bytes: Uint8Array,
): Promise<ConnectionEnd> {
  const { clock, environment: { book }, socket, transfer } = connection;
  let isExpired = false;
  const expire = () => {
    isExpired = true;
    closeQuietly(socket);
    closeQuietly(hop.connection);
  };
  using _watch = watchRequests(hop.slot, {
    book,
    clock,
    lease: hop.lease,
    expire,
    isTaking: () => transfer.isTaking === true,
  });
  try {
    await send(hop.connection, bytes);
    // Silence while a request is in flight is the business of the HTTP plane's limits.
    const end = await join(socket, hop.connection, { clock, transfer, idleTimeoutMs: Infinity });
    return isExpired ? "request_timeout" : end;
  } finally {
    book.close(hop.slot, clock.monotonic());
    hop.lease.release();
  }
}

async function send(hop: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    await writeAll(hop, bytes);
  } catch {
    // A hop that takes no bytes has ended or was expired; reading it next, the join learns which.
  }
}

function noteUnavailable(connection: ClientConnection, error: unknown): void {
  if (connection.signal.aborted) return;
  connection.environment.counters.add("terminator_unavailable");
  connection.complain("Cannot open terminator", error);
}
