/**
 * Switches Nagle's algorithm off for the connections a listener accepts. The runtime does not, and offers
 * no way to for those with TLS: an answer that is written in two pieces then waits 40 ms on the hop for a
 * delayed acknowledgement (RFC 1122 §4.2.3.2). Accepted sockets inherit the option from their listener,
 * whose descriptor is found by its port.
 *
 * @module
 */
import type { Libc } from "./libc.ts";

const AF_INET = 2;
const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SOCKADDR_MAX_BYTES = 28;

/** Descriptors are looked at from 0 up; more than this a process seldom may have. */
const DESCRIPTORS_MAX = 1 << 20;

/** The kernel hands out the lowest free number: after so many that are none, the end was passed. */
const GAP_MAX = 4096;

/**
 * Sets TCP_NODELAY on the IPv4 listener of this process that has a port.
 *
 * @returns False if there is no such listener, or the option cannot be set.
 */
export function setListenerNoDelay(libc: Libc, port: number): boolean {
  const descriptor = findListener(libc, port);
  if (descriptor === undefined) return false;
  const on = new Uint8Array(new Int32Array([1]).buffer);
  return libc.setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, on, 4) === 0;
}

/**
 * Finds the descriptor of the IPv4 listener of this process that has a port.
 *
 * @returns undefined if there is none.
 */
export function findListener(libc: Libc, port: number): number | undefined {
  const address = new Uint8Array(SOCKADDR_MAX_BYTES);
  const length = new Uint32Array(1);
  const lengthBytes = new Uint8Array(length.buffer);
  const view = new DataView(address.buffer);
  for (let descriptor = 0, gap = 0; descriptor < DESCRIPTORS_MAX && gap < GAP_MAX; descriptor++) {
    length[0] = SOCKADDR_MAX_BYTES;
    if (libc.getsockname(descriptor, address, lengthBytes) !== 0) {
      gap++;
      continue;
    }
    gap = 0;
    // struct sockaddr_in: the family in the host's byte order, the port in the network's.
    if (view.getUint16(0, true) !== AF_INET || view.getUint16(2) !== port) continue;
    if (isListening(libc, descriptor)) return descriptor;
  }
  return undefined;
}

function isListening(libc: Libc, descriptor: number): boolean {
  const value = new Int32Array(1);
  const length = new Uint32Array([4]);
  const failed = libc.getsockopt(
    descriptor,
    SOL_SOCKET,
    SO_ACCEPTCONN,
    new Uint8Array(value.buffer),
    new Uint8Array(length.buffer),
  );
  return failed === 0 && value[0] === 1;
}
