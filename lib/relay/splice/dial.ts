/**
 * Opens a socket towards a server or a listener of our own and sends the first bytes. Over loopback a
 * connection stands as soon as connect(2) has returned, so sending is tried at once; only if the kernel
 * has to wait, an event is. Does I/O.
 *
 * @module
 */
import { FAMILY, MSG_NOSIGNAL, OPTION, SOCKET_STREAM } from "../../linux/constants.ts";
import { ERRNO } from "../../linux/errno.ts";
import { socketFamily } from "../../linux/socket_address.ts";
import type { Connection } from "./connection.ts";
import type { WorkerContext } from "./worker_context.ts";

/** How far the first bytes have come. */
export const SENT = { all: 0, waiting: 1, failed: 2 } as const;

const ON = new Uint8Array(new Int32Array([1]).buffer);

/** Sets an option that is a number. */
export function setOption(
  context: WorkerContext,
  descriptor: number,
  level: number,
  option: number,
): boolean {
  return context.libc.setsockopt(descriptor, level, option, ON, ON.length) === 0;
}

/**
 * Opens a socket and begins to connect.
 *
 * @param address Its first `length` bytes are a `struct sockaddr`.
 * @param source Bound to first, so that the kernel chooses a port that is free towards this address only.
 * @returns 0, or the error number.
 */
export function dial(
  context: WorkerContext,
  connection: Connection,
  address: Uint8Array,
  length: number,
  source?: Uint8Array,
): number {
  const errno = openSocket(context, connection, socketFamily(address));
  if (errno !== 0) return errno;
  if (source !== undefined) {
    const { descriptor } = connection.upstream;
    setOption(context, descriptor, OPTION.IPPROTO_IP, OPTION.IP_BIND_ADDRESS_NO_PORT);
    if (context.libc.bind(descriptor, source, source.length) < 0) return context.lastError.number;
  }
  return beginConnect(context, connection, address, length);
}

/** Gives a connection a socket towards its upstream. @returns 0, or the error number. */
export function openSocket(context: WorkerContext, connection: Connection, family: number): number {
  const descriptor = context.libc.socket(family, SOCKET_STREAM, 0);
  if (descriptor < 0) return context.lastError.number;
  context.adopt(connection, descriptor);
  if (family !== FAMILY.unix) {
    setOption(context, descriptor, OPTION.IPPROTO_TCP, OPTION.TCP_NODELAY);
  }
  return 0;
}

/** Begins to connect that socket, as {@linkcode dial} does. @returns 0, or the error number. */
export function beginConnect(
  context: WorkerContext,
  { upstream }: Connection,
  address: Uint8Array,
  length: number,
): number {
  if (context.libc.connect(upstream.descriptor, address, length) === 0) return 0;
  const errno = context.lastError.number;
  return errno === ERRNO.EINPROGRESS ? 0 : errno;
}

/** Sends the connection's head, or goes on with it. @returns One of {@linkcode SENT}. */
export function sendHead(context: WorkerContext, connection: Connection): number {
  const head = connection.head!;
  const left = connection.headAt === 0 ? head : head.subarray(connection.headAt);
  const count = context.libc.send(
    connection.upstream.descriptor,
    left,
    left.length,
    MSG_NOSIGNAL,
  );
  if (count === left.length) return SENT.all;
  if (count < 0) return context.lastError.number === ERRNO.EAGAIN ? SENT.waiting : SENT.failed;
  connection.headAt += count;
  return SENT.waiting;
}
