/**
 * Why a system call failed: `errno` of this thread, and its numbers by name. The numbers are the same
 * on x86-64 and arm64 (asm-generic/errno.h).
 *
 * @module
 */
import type { Libc } from "./libc.ts";

/** The numbers that are told apart here, by the name that the manual pages use. */
export const ERRNO = {
  EPERM: 1,
  EINTR: 4,
  EAGAIN: 11,
  ENOMEM: 12,
  ENFILE: 23,
  EMFILE: 24,
  EPIPE: 32,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EINPROGRESS: 115,
} as const;

/** What strerror(3) says to the numbers that a person may read about. */
const TEXTS: ReadonlyMap<number, string> = new Map([
  [ERRNO.EPERM, "Operation not permitted"],
  [2, "No such file or directory"],
  [ERRNO.EAGAIN, "Resource temporarily unavailable"],
  [ERRNO.ENOMEM, "Cannot allocate memory"],
  [13, "Permission denied"],
  [22, "Invalid argument"],
  [ERRNO.ENFILE, "Too many open files in system"],
  [ERRNO.EMFILE, "Too many open files"],
  [ERRNO.EPIPE, "Broken pipe"],
  [ERRNO.EADDRINUSE, "Address already in use"],
  [ERRNO.EADDRNOTAVAIL, "Cannot assign requested address"],
  [ERRNO.ENETUNREACH, "Network is unreachable"],
  [ERRNO.ECONNRESET, "Connection reset by peer"],
  [ERRNO.ENOBUFS, "No buffer space available"],
  [ERRNO.ETIMEDOUT, "Connection timed out"],
  [ERRNO.ECONNREFUSED, "Connection refused"],
  [ERRNO.EHOSTUNREACH, "No route to host"],
]);

/** Reads `errno` of the thread that made it; a worker makes its own. */
export class LastError {
  readonly #cell: Int32Array;

  /** @throws {Deno.errors.NotCapable} Without the permission for all of FFI. */
  constructor(libc: Libc) {
    // A view once, for a thread's errno never moves, and reading it then costs no call.
    const pointer = libc.__errno_location();
    if (pointer === null) throw new Error("Cannot find errno: no address");
    this.#cell = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, 4));
  }

  /** Of the last system call that failed; to be read before the next call. */
  get number(): number {
    return this.#cell[0];
  }
}

/** Words an error number, with the number itself in the way the runtime gives it. Pure. */
export function errnoText(number: number): string {
  const text = TEXTS.get(number) ?? "System call failed";
  return `${text} (os error ${number})`;
}

/** Says whether descriptors or memory have run out, on this side: waiting may help. Pure. */
export function isExhausted(number: number): boolean {
  return number === ERRNO.EMFILE || number === ERRNO.ENFILE || number === ERRNO.ENOMEM ||
    number === ERRNO.ENOBUFS;
}
