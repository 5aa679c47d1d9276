/**
 * Relays a connection to one of its route's servers: the first one chosen that takes the PROXY header
 * and the peeked bytes. A client that leaves meanwhile is noticed afterwards; the tries have limits of
 * their own. Does I/O.
 *
 * @module
 */
import { unmapIpv4 } from "../../base/addresses.ts";
import { EPOLL } from "../../linux/epoll.ts";
import { ERRNO, isExhausted } from "../../linux/errno.ts";
import {
  decodeIpAddress,
  SOCKADDR_IN6_BYTES,
  socketFamily,
  unmapSocketAddress,
} from "../../linux/socket_address.ts";
import { encodeProxyHeader } from "../../proxy_protocol/proxy_header.ts";
import { NO_SERVER } from "../../upstream/server_chooser.ts";
import { type Connection, STATE } from "./connection.ts";
import { dial, sendHead, SENT } from "./dial.ts";
import { dialFromClient, isOfThisMachine } from "./dial_from_client.ts";
import { PROXY_VERSIONS, SOURCES } from "./flat_plan.ts";
import { join } from "./move_bytes.ts";
import { hashPeer } from "./hash_peer.ts";
import { helloBytes, keepHello } from "./read_hello.ts";
import { refuse } from "./refuse.ts";
import { reportServerFailed, type ServerFailure } from "./reports.ts";
import type { WorkerContext } from "./worker_context.ts";

/** Error numbers that say that nobody has let us in, whenever they come. */
const NOT_LET_IN: ReadonlySet<number> = new Set([
  ERRNO.ECONNREFUSED,
  ERRNO.ENETUNREACH,
  ERRNO.EHOSTUNREACH,
  ERRNO.ETIMEDOUT,
]);

/** Begins with the server that is chosen first. */
export function relayToServer(context: WorkerContext, connection: Connection): void {
  const { decisions } = connection.plan!;
  choose(context, connection);
  if (decisions.source(connection.route) !== 0) takeClientSource(context, connection);
  tryServers(context, connection);
}

/** Goes on once the server's socket can be written to, or has failed. */
export function goOnToServer(context: WorkerContext, connection: Connection): void {
  const sent = sendHead(context, connection);
  if (sent === SENT.all) joinServer(context, connection);
  else if (sent === SENT.failed) tryNext(context, connection, context.lastError.number);
}

/** Gives a server up that has not let us in, or has not taken the bytes, in time. */
export function giveUpServer(context: WorkerContext, connection: Connection): void {
  const isLetIn = connection.headAt > 0;
  noteFailure(context, connection, isLetIn ? "upstream_timeout" : "upstream_connect_timeout", 0);
  context.closeUpstream(connection);
  tryServers(context, connection);
}

function choose(context: WorkerContext, connection: Connection): void {
  const upstream = connection.plan!.decisions.upstream(connection.route);
  const at = connection.row * SOCKADDR_IN6_BYTES;
  const client = upstream.needsClient ? hashPeer(context.peers, at) : 0;
  connection.position = context.chooser.choose(upstream, client, connection.tried);
  connection.addressAt = 0;
}

function chooseNext(context: WorkerContext, connection: Connection): void {
  connection.tried ??= [];
  connection.tried.push(connection.position);
  choose(context, connection);
}

function tryServers(context: WorkerContext, connection: Connection): void {
  const { decisions } = connection.plan!;
  for (; connection.position !== NO_SERVER; chooseNext(context, connection)) {
    const server = decisions.server(connection.route, connection.position);
    connection.server = server;
    const addresses = decisions.addressCount(server);
    if (addresses === 0) noteFailure(context, connection, "upstream_unresolved", 0);
    else if (isPassedOver(context, connection)) continue;
    while (connection.addressAt < addresses) {
      const isUnderWay = attempt(context, connection, server);
      if (isUnderWay) return;
    }
  }
  if (connection.tried === undefined) {
    context.count("upstream_down");
    connection.reason = "upstream_down";
  } else if (isMismatch(connection)) {
    context.count("source_mismatch");
    noteFailure(context, connection, "source_mismatch", 0);
  }
  context.count("upstream_unreachable");
  refuse(context, connection, "internal_error", "upstream_unreachable");
}

/** Tries one address. @returns False if it has failed already. */
function attempt(context: WorkerContext, connection: Connection, server: number): boolean {
  const { decisions } = connection.plan!;
  const length = decisions.copyAddress(server, connection.addressAt++, context.address);
  const source = sourceFor(connection, server);
  // It has another address that fits.
  if (source !== undefined && socketFamily(source) !== socketFamily(context.address)) return false;
  context.count("server_dials");
  context.enterServer(
    connection,
    decisions.upstream(connection.route).openCell(connection.position),
  );
  const errno = source === undefined
    ? dial(context, connection, context.address, length)
    : dialFromClient(context, connection, { address: context.address.slice(0, length), source });
  if (errno !== 0) return fail(context, connection, errno);
  connection.head = withProxyHeader(context, connection, server);
  connection.headAt = 0;
  switch (sendHead(context, connection)) {
    case SENT.all:
      joinServer(context, connection);
      return true;
    case SENT.waiting:
      waitForServer(context, connection);
      return true;
    default:
      return fail(context, connection, context.lastError.number);
  }
}

/** Clients of this machine are better off without: answers to them would not pass by us. */
function takeClientSource(context: WorkerContext, connection: Connection): void {
  const at = connection.row * SOCKADDR_IN6_BYTES;
  const peer = context.peers.subarray(at, at + SOCKADDR_IN6_BYTES);
  const client = decodeIpAddress(peer);
  if (client === undefined || isOfThisMachine(client, localAddress(context, connection))) {
    context.count("source_local");
  } else connection.source = unmapSocketAddress(peer);
}

/** Where a server is connected from; undefined means from this machine's own address. */
function sourceFor({ source, plan }: Connection, server: number): Uint8Array | undefined {
  if (source === undefined) return undefined;
  return plan!.decisions.hasFamily(server, socketFamily(source)) ? source : undefined;
}

/** Says whether a server must not be tried: it has no address of the client's family. */
function isPassedOver(context: WorkerContext, connection: Connection): boolean {
  const { addressAt, server, source } = connection;
  if (source === undefined || addressAt > 0 || sourceFor(connection, server) !== undefined) {
    return false;
  }
  if (!mayFallBack(connection)) return true;
  context.count("source_fallback");
  return false;
}

/** Says whether every server that has an address at all was passed over. */
function isMismatch(connection: Connection): boolean {
  const { plan, route, source } = connection;
  if (source === undefined || mayFallBack(connection)) return false;
  const { decisions } = plan!;
  const servers = Array.from(
    { length: decisions.serverCount(route) },
    (_, position) => decisions.server(route, position),
  ).filter((server) => decisions.addressCount(server) > 0);
  return servers.length > 0 &&
    servers.every((server) => sourceFor(connection, server) === undefined);
}

function mayFallBack({ plan, route }: Connection): boolean {
  return SOURCES[plan!.decisions.source(route)] === "client_or_proxy";
}

function waitForServer(context: WorkerContext, connection: Connection): void {
  const isHello = connection.head!.buffer === context.scratch.buffer;
  if (connection.hello === undefined) keepHello(context, connection);
  if (isHello) connection.head = helloBytes(context, connection);
  connection.state = STATE.connecting;
  context.watch(connection.upstream, EPOLL.OUT);
  context.limit(connection, connection.plan!.decisions.connectMs(connection.route));
}

function joinServer(context: WorkerContext, connection: Connection): void {
  context.count("connections_relayed");
  connection.reason = "";
  join(context, connection);
  context.limit(connection, connection.plan!.decisions.idleMs(connection.route));
}

function tryNext(context: WorkerContext, connection: Connection, errno: number): void {
  fail(context, connection, errno);
  tryServers(context, connection);
}

function fail(context: WorkerContext, connection: Connection, errno: number): false {
  noteFailure(context, connection, failureOf(errno, connection), errno);
  context.closeUpstream(connection);
  return false;
}

function failureOf(errno: number, { headAt }: Connection): ServerFailure {
  if (isExhausted(errno) || errno === ERRNO.EADDRNOTAVAIL) return "exhausted";
  if (NOT_LET_IN.has(errno)) return "upstream_refused";
  const isClosed = headAt > 0 || errno === ERRNO.ECONNRESET || errno === ERRNO.EPIPE;
  return isClosed ? "upstream_closed" : "upstream_refused";
}

function noteFailure(
  context: WorkerContext,
  connection: Connection,
  failure: ServerFailure,
  errno: number,
): void {
  connection.reason = failure;
  const { decisions } = connection.plan!;
  reportServerFailed(context.reports, decisions.serverId(connection.server), failure, errno);
  context.hasNews = true;
}

function withProxyHeader(
  context: WorkerContext,
  connection: Connection,
  server: number,
): Uint8Array {
  const hello = helloBytes(context, connection);
  const version = connection.plan!.decisions.proxyVersion(server);
  if (version === 0) return hello;
  const at = connection.row * SOCKADDR_IN6_BYTES;
  const source = decodeIpAddress(context.peers.subarray(at, at + SOCKADDR_IN6_BYTES));
  const destination = localAddress(context, connection);
  const subject = source === undefined || destination === undefined
    ? "unspec"
    : { source, destination };
  const header = encodeProxyHeader(PROXY_VERSIONS[version], subject)!;
  const head = new Uint8Array(header.length + hello.length);
  head.set(header);
  head.set(hello, header.length);
  return head;
}

function localAddress(context: WorkerContext, { client }: Connection) {
  const { address, addressLength, addressLengthBytes, libc } = context;
  addressLength[0] = address.length;
  if (libc.getsockname(client.descriptor, address, addressLengthBytes) < 0) return undefined;
  const endpoint = decodeIpAddress(address);
  return endpoint && { ip: unmapIpv4(endpoint.ip), port: endpoint.port };
}
