/**
 * Has the kernel find out whether a silent peer is still there. Does I/O.
 *
 * @module
 */
import { TCP_KEEP_ALIVE_IDLE_MS, TCP_USER_TIMEOUT_MS } from "../../base/limits.ts";
import { OPTION } from "../../linux/constants.ts";
import type { Libc } from "../../linux/libc.ts";

/** Options of tcp(7) with their values. */
const OPTIONS: readonly (readonly [level: number, option: number, value: Uint8Array])[] = [
  [OPTION.SOL_SOCKET, OPTION.SO_KEEPALIVE, int(1)],
  [OPTION.IPPROTO_TCP, OPTION.TCP_KEEPIDLE, int(TCP_KEEP_ALIVE_IDLE_MS / 1_000)],
  [OPTION.IPPROTO_TCP, OPTION.TCP_USER_TIMEOUT, int(TCP_USER_TIMEOUT_MS)],
];

/**
 * Sets keep-alive probes and a limit on unacknowledged bytes on a connection, or on a listener, whose
 * connections inherit them. On a Unix socket, which needs neither, it does nothing.
 */
export function setKeepAlive(libc: Libc, descriptor: number): void {
  for (const [level, option, value] of OPTIONS) {
    libc.setsockopt(descriptor, level, option, value, value.length);
  }
}

function int(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}
