/**
 * Relays a connection to one of its route's servers: the first one chosen that takes the PROXY header
 * and the peeked bytes.
 *
 * @module
 */
import { formatAddress, unmapIpv4 } from "../../base/addresses.ts";
import { errorText, Failure } from "../../base/failures.ts";
import type { RouteConfig, ServerConfig } from "../../config/config.ts";
import { encodeProxyHeader } from "../../proxy_protocol/proxy_header.ts";
import { connect } from "../../upstream/connect.ts";
import { routeGroup } from "../../upstream/upstream_group.ts";
import type { ConnectionEnd } from "../relay_engine.ts";
import type { ClientConnection } from "./client_connection.ts";
import { closeQuietly } from "./close_quietly.ts";
import { Deadline } from "./deadline.ts";
import { join } from "./join.ts";
import { refuse } from "./refuse.ts";
import { writeAll } from "./write_all.ts";

/**
 * Relays until both sides have ended. A client that leaves while servers are tried is noticed only
 * afterwards: looking would mean to read on, and the tries have a limit of their own.
 *
 * @param bytes What the client has sent so far.
 */
export async function relayToServer(
  connection: ClientConnection,
  route: RouteConfig,
  bytes: Uint8Array,
): Promise<ConnectionEnd> {
  const { clock, environment: { counters }, known, socket, transfer } = connection;
  const upstream = await connectInTurn(connection, route, bytes);
  if (upstream === undefined) return giveUp(connection);
  known.reason = undefined;
  counters.add("connections_relayed");
  transfer.lastByteAt = clock.monotonic();
  return join(socket, upstream, { clock, transfer, idleTimeoutMs: route.timeouts.idleMs });
}

async function giveUp(connection: ClientConnection): Promise<ConnectionEnd> {
  if (connection.signal.aborted) return "drained";
  connection.environment.counters.add("upstream_unreachable");
  await refuse(connection, "internal_error");
  return "upstream_unreachable";
}

async function connectInTurn(
  connection: ClientConnection,
  route: RouteConfig,
  bytes: Uint8Array,
): Promise<Deno.Conn | undefined> {
  const { balancer, counters } = connection.environment;
  for (const server of balancer.order(routeGroup(route), { client: connection.client.ip })) {
    const { address } = server;
    connection.countFor(server);
    counters.add("server_dials");
    const name = address.kind === "sample" ? "sample" : formatAddress(address);
    connection.known.server = name;
    try {
      return await reach(connection, server, { bytes, timeoutMs: route.timeouts.connectMs });
    } catch (error) {
      if (connection.signal.aborted) return undefined;
      noteUnreachable(connection, name, error);
    }
  }
  connection.countFor(undefined);
  if (connection.known.server === undefined) {
    counters.add("upstream_down");
    connection.known.reason = "upstream_down";
  }
  return undefined;
}

/** @throws {Error} If the server cannot be reached or does not take the bytes in time. */
async function reach(
  connection: ClientConnection,
  server: ServerConfig,
  options: { bytes: Uint8Array; timeoutMs: number },
): Promise<Deno.Conn> {
  const { clock, signal } = connection;
  const { bytes, timeoutMs } = options;
  const upstream = await connect(server.address, { clock, timeoutMs, signal });
  connection.upstream = upstream;
  using deadline = new Deadline(clock, timeoutMs, () => closeQuietly(upstream));
  try {
    await writeAll(upstream, withProxyHeader(connection, server, bytes));
    return upstream;
  } catch (error) {
    closeQuietly(upstream);
    const kind = deadline.passed ? "upstream_timeout" : "upstream_closed";
    throw new Failure(kind, errorText(error), { cause: error });
  }
}

function withProxyHeader(
  connection: ClientConnection,
  server: ServerConfig,
  bytes: Uint8Array,
): Uint8Array {
  if (server.proxyProtocol === "off") return bytes;
  const { hostname, port } = connection.socket.localAddr;
  const destination = { ip: unmapIpv4(hostname), port };
  const head = encodeProxyHeader(server.proxyProtocol, { source: connection.client, destination });
  return head === undefined ? bytes : concat(head, bytes);
}

function concat(head: Uint8Array, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + rest.length);
  bytes.set(head);
  bytes.set(rest, head.length);
  return bytes;
}

function noteUnreachable(connection: ClientConnection, server: string, error: unknown): void {
  const { log, sampler } = connection.environment;
  const kind = error instanceof Failure ? error.kind : "upstream_closed";
  connection.known.reason = kind;
  const heldBack = sampler.admit(`server ${server}`);
  if (heldBack === undefined) return;
  log.warn("Cannot reach server", { server, kind, error: errorText(error), heldBack });
}
