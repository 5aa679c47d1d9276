/**
 * Takes new connections from the public sockets. Where descriptors or memory run out, it stops for a
 * moment instead of spinning: the clients wait in the kernel's queue, and those that are open go on.
 * The sockets belong to the main isolate. Does I/O.
 *
 * @module
 */
import { ACCEPT_PAUSE_MS, SPLICE_ACCEPTS_MAX } from "../../base/limits.ts";
import { NONBLOCK_CLOEXEC } from "../../linux/constants.ts";
import { EPOLL } from "../../linux/epoll.ts";
import { ERRNO, isExhausted } from "../../linux/errno.ts";
import { SOCKADDR_IN6_BYTES } from "../../linux/socket_address.ts";
import type { PublicSocket } from "./commands.ts";
import type { Connection } from "./connection.ts";
import { reportAcceptFailed } from "./reports.ts";
import type { WorkerContext } from "./worker_context.ts";

/** States: accepting, paused, stopped (terminal). */
export class Acceptor {
  readonly #context: WorkerContext;
  readonly #sockets: readonly PublicSocket[];
  readonly #begin: (connection: Connection) => void;
  /** Accepts per event: a call that only says "no more" is as dear as one that accepts. */
  #batch = 1;
  #isWatching = false;
  #isStopped = false;
  /** When accepting goes on; `Infinity` if it need not. */
  #resumeAt = Infinity;

  /** @param begin Takes a connection whose client's address and socket are known. */
  constructor(
    context: WorkerContext,
    sockets: readonly PublicSocket[],
    begin: (connection: Connection) => void,
  ) {
    this.#context = context;
    this.#sockets = sockets;
    this.#begin = begin;
    this.#watch(true);
  }

  /** The token of the first public socket's events; the next one's is one less. */
  static readonly TOKEN = -2;

  /** Accepts what waits at a socket, or a part of it. @param token Of the event. */
  accept(token: number): void {
    const socket = this.#sockets[Acceptor.TOKEN - token];
    for (let count = 0; count < this.#batch; count++) {
      if (this.#isWatching && this.#acceptOne(socket)) continue;
      this.#batch = Math.max(1, this.#batch >> 1);
      return;
    }
    this.#batch = Math.min(SPLICE_ACCEPTS_MAX, 2 * this.#batch);
  }

  /** Goes on after a pause. To be called each turn. */
  resume(): void {
    if (this.#context.nowMs < this.#resumeAt || this.#isStopped) return;
    this.#resumeAt = Infinity;
    this.#watch(true);
  }

  /** Returns the milliseconds until {@linkcode Acceptor.resume} has something to do; -1 for never. */
  waitMs(): number {
    if (this.#resumeAt === Infinity) return -1;
    return Math.max(0, Math.ceil(this.#resumeAt - this.#context.nowMs));
  }

  /** Accepts whoever waits already, and nobody after that. */
  stop(): void {
    if (this.#isStopped) return;
    for (const socket of this.#sockets) {
      while (this.#isWatching && this.#acceptOne(socket)) { /* All of them. */ }
    }
    this.#watch(false);
    this.#isStopped = true;
    this.#resumeAt = Infinity;
  }

  /** @returns Whether there may be more. */
  #acceptOne({ descriptor, isTls }: PublicSocket): boolean {
    const context = this.#context;
    if (!context.hasRoom) return this.#pause(ERRNO.EMFILE);
    const { address, addressLength, addressLengthBytes } = context;
    addressLength[0] = address.length;
    const client = context.libc.accept4(
      descriptor,
      address,
      addressLengthBytes,
      NONBLOCK_CLOEXEC,
    );
    if (client < 0) {
      const errno = context.lastError.number;
      if (isExhausted(errno)) return this.#pause(errno);
      // Whatever else it is (accept(2) lists a dozen) is over with that connection.
      return errno !== ERRNO.EAGAIN;
    }
    const connection = context.begin(client, isTls);
    const at = connection.row * SOCKADDR_IN6_BYTES;
    for (let index = 0; index < SOCKADDR_IN6_BYTES; index++) {
      context.peers[at + index] = address[index];
    }
    context.count("connections_accepted");
    this.#begin(connection);
    return true;
  }

  #pause(errno: number): false {
    this.#context.count("accept_failures");
    reportAcceptFailed(this.#context.reports, errno);
    this.#watch(false);
    this.#resumeAt = this.#context.nowMs + ACCEPT_PAUSE_MS;
    return false;
  }

  #watch(isWatching: boolean): void {
    if (this.#isWatching === isWatching) return;
    this.#isWatching = isWatching;
    this.#sockets.forEach(({ descriptor }, index) =>
      this.#context.watchOther(descriptor, Acceptor.TOKEN - index, isWatching ? EPOLL.IN : 0)
    );
  }
}
