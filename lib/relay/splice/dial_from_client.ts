/**
 * Connects to a server from the client's own address: the kernel lets a transparent socket be bound to an
 * address that is not this machine's (ip(7), IP_TRANSPARENT; ipv6(7)). It takes CAP_NET_ADMIN; routing
 * must bring the answers back, see docs/transparent.md. Does I/O.
 *
 * @module
 */
import { type Endpoint, isLoopback } from "../../base/addresses.ts";
import { FAMILY, OPTION } from "../../linux/constants.ts";
import { ERRNO } from "../../linux/errno.ts";
import { socketFamily } from "../../linux/socket_address.ts";
import type { Connection } from "./connection.ts";
import { beginConnect, openSocket, setOption } from "./dial.ts";
import type { WorkerContext } from "./worker_context.ts";

/**
 * Says whether a client is a program of this machine: it comes from a loopback address, which no other
 * machine may see, or from the very address that it connected to, as the kernel chooses by itself. A
 * program that binds to another one of this machine's addresses passes for a stranger, which does no
 * harm: answers to that address come here in any case. Pure.
 *
 * @param local Where the client connected to; undefined if that is not known.
 */
export function isOfThisMachine(client: Endpoint, local: Endpoint | undefined): boolean {
  return isLoopback(client.ip) || client.ip === local?.ip;
}

/**
 * Begins to connect from the client's address and port, or, if that port is in use towards this
 * server, from its address and any port.
 *
 * @param address A whole `struct sockaddr`, of the family of `source`.
 * @param source The client's.
 * @returns 0, or the error number.
 */
export function dialFromClient(
  context: WorkerContext,
  connection: Connection,
  { address, source }: { readonly address: Uint8Array; readonly source: Uint8Array },
): number {
  const errno = dialFrom(context, connection, { address, source });
  if (errno === 0) context.count("source_client");
  if (errno !== ERRNO.EADDRINUSE && errno !== ERRNO.EADDRNOTAVAIL) return errno;
  context.closeUpstream(connection);
  const anyPort = source.slice();
  anyPort.fill(0, 2, 4);
  const second = dialFrom(context, connection, { address, source: anyPort });
  if (second === 0) context.count("source_any_port");
  return second;
}

function dialFrom(
  context: WorkerContext,
  connection: Connection,
  { address, source }: { readonly address: Uint8Array; readonly source: Uint8Array },
): number {
  const family = socketFamily(address);
  const errno = openSocket(context, connection, family);
  if (errno !== 0) return errno;
  const { descriptor } = connection.upstream;
  const [level, option] = family === FAMILY.inet6
    ? [OPTION.IPPROTO_IPV6, OPTION.IPV6_TRANSPARENT]
    : [OPTION.IPPROTO_IP, OPTION.IP_TRANSPARENT];
  if (!setOption(context, descriptor, level, option)) return context.lastError.number;
  // The last connection of the same client port may still be in TIME_WAIT.
  setOption(context, descriptor, OPTION.SOL_SOCKET, OPTION.SO_REUSEADDR);
  // Without it, port 0 would mean a port that is free towards every server.
  setOption(context, descriptor, OPTION.IPPROTO_IP, OPTION.IP_BIND_ADDRESS_NO_PORT);
  if (context.libc.bind(descriptor, source, source.length) < 0) return context.lastError.number;
  return beginConnect(context, connection, address, address.length);
}
