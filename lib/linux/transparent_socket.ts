/**
 * Whether this process may have transparent sockets (ip(7), IP_TRANSPARENT): it takes CAP_NET_ADMIN.
 * Does I/O; closes what it opens.
 *
 * @module
 */
import { FAMILY, OPTION, SOCKET_STREAM } from "./constants.ts";
import { ERRNO, errnoText, LastError } from "./errno.ts";
import type { Libc } from "./libc.ts";

/** Tries it with a socket that is used for nothing else. @returns undefined if it may. */
export function whyNotTransparent(libc: Libc): string | undefined {
  const lastError = new LastError(libc);
  const descriptor = libc.socket(FAMILY.inet, SOCKET_STREAM, 0);
  if (descriptor < 0) return errnoText(lastError.number);
  const on = new Uint8Array(new Int32Array([1]).buffer);
  const { IPPROTO_IP, IP_TRANSPARENT } = OPTION;
  const failed = libc.setsockopt(descriptor, IPPROTO_IP, IP_TRANSPARENT, on, on.length) < 0;
  const errno = lastError.number;
  libc.close(descriptor);
  if (!failed) return undefined;
  return errno === ERRNO.EPERM
    ? "the process lacks CAP_NET_ADMIN, which transparent sockets take"
    : errnoText(errno);
}
