/**
 * Numbers of the kernel's interface that are in use here, as the headers name them. They are the same
 * on x86-64 and arm64, which both take them from asm-generic.
 *
 * @module
 */

/** Address families (sys/socket.h). */
export const FAMILY = { unix: 1, inet: 2, inet6: 10 } as const;

/** A stream socket (SOCK_STREAM) that does not block and is not inherited by child processes. */
export const SOCKET_STREAM = 1 | 0o4000 | 0o2000000;

/** Flags of accept4(2) and pipe2(2): O_NONBLOCK and O_CLOEXEC. */
export const NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;

/** Option levels and options of setsockopt(2): socket(7), ip(7), ipv6(7), tcp(7). */
export const OPTION = {
  SOL_SOCKET: 1,
  SO_REUSEADDR: 2,
  SO_ERROR: 4,
  SO_KEEPALIVE: 9,
  SO_REUSEPORT: 15,
  SO_ACCEPTCONN: 30,
  IPPROTO_IP: 0,
  IP_TRANSPARENT: 19,
  IP_BIND_ADDRESS_NO_PORT: 24,
  IPPROTO_TCP: 6,
  TCP_NODELAY: 1,
  TCP_KEEPIDLE: 4,
  TCP_KEEPINTVL: 5,
  TCP_KEEPCNT: 6,
  TCP_USER_TIMEOUT: 18,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  IPV6_TRANSPARENT: 75,
} as const;

/** Flags of send(2): a peer that has gone is an error, not a signal that ends the process. */
export const MSG_NOSIGNAL = 0x4000;

/** The side that shutdown(2) ends: no more is written. */
export const SHUT_WR = 1;

/** Flags of splice(2): SPLICE_F_MOVE and SPLICE_F_NONBLOCK. */
export const SPLICE_FLAGS = 1 | 2;

/** fcntl(2): sets the capacity of a pipe, and reads it. */
export const PIPE_SIZE = { set: 1031, get: 1032 } as const;

/** The limit of open descriptors (getrlimit(2)). */
export const RLIMIT_NOFILE = 7;
