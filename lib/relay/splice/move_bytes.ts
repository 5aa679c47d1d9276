/**
 * Moves bytes between the two sides of a connection. Little is copied through one buffer of the worker:
 * two calls per message. Much moves through a pipe inside the kernel (splice(2)) and is never seen
 * here. An end in one direction is passed on and the other goes on (half-close, RFC 9293 §3.6).
 *
 * A slow reader holds its writer back: a side is read only when all that was read is written. Interest
 * in events is level-triggered and changes only when a side is blocked or has ended. Does I/O.
 *
 * @module
 */
import { SPLICE_COPY_BYTES, SPLICE_PIPE_BYTES, SPLICE_TURNS_MAX } from "../../base/limits.ts";
import { MSG_NOSIGNAL, SHUT_WR, SPLICE_FLAGS } from "../../linux/constants.ts";
import { EPOLL } from "../../linux/epoll.ts";
import { ERRNO } from "../../linux/errno.ts";
import { type Connection, type Side, STATE } from "./connection.ts";
import type { WorkerContext } from "./worker_context.ts";

const READABLE = EPOLL.IN | EPOLL.ERR | EPOLL.HUP;
const WRITABLE = EPOLL.OUT | EPOLL.ERR | EPOLL.HUP;

/** Begins to move bytes; the first of them have been sent. Time limits are the caller's. */
export function join(context: WorkerContext, connection: Connection): void {
  connection.state = STATE.relaying;
  connection.hello = connection.head = undefined;
  connection.lastByteAt = context.nowMs;
  context.watch(connection.client, EPOLL.IN);
  context.watch(connection.upstream, EPOLL.IN);
}

/** Does what the kernel says is possible. May finish the connection. */
export function moveBytes(context: WorkerContext, side: Side, events: number): void {
  const { interest } = side;
  if ((interest & EPOLL.OUT) !== 0 && (events & WRITABLE) !== 0) {
    pump(context, side.peer);
    if (side.connection.state !== STATE.relaying) return;
  }
  if ((interest & EPOLL.IN) !== 0 && (events & READABLE) !== 0) pump(context, side);
  // It has left while nobody reads from it, and what it said before is of no use any more.
  if (interest === EPOLL.ET && (events & EPOLL.ERR) !== 0) {
    context.finish(side.connection, side.connection.end ?? "client_reset");
  }
}

/** Moves what can be moved from one side to the other. */
function pump(context: WorkerContext, from: Side): void {
  const to = from.peer;
  for (let turn = 0; turn < SPLICE_TURNS_MAX; turn++) {
    if (from.isBlocked && !flush(context, from, to)) break;
    // A short read means that there is no more; if not so, the kernel says it again.
    const isMore = from.isBulk && hasPipe(context, from)
      ? fillPipe(context, from)
      : copy(context, from, to);
    if (!isMore) break;
  }
  if (from.inPipe === 0) context.givePipe(from);
  const { connection } = from;
  if (from.hasEnded && to.hasEnded) context.finish(connection, connection.end ?? "closed");
  else settleInterest(context, from, to);
}

function settleInterest(context: WorkerContext, from: Side, to: Side): void {
  context.watch(from, interestOf(from));
  context.watch(to, interestOf(to));
}

/** A client that is not read for now may leave all the same; a server may leave behind its last answer. */
function interestOf(side: Side): number {
  if (side.peer.isBlocked) return EPOLL.OUT | (side.hasEnded || side.isBlocked ? 0 : EPOLL.IN);
  if (side.hasEnded) return 0;
  if (!side.isBlocked) return EPOLL.IN;
  return side.isClient ? EPOLL.ET : 0;
}

/** Reads and writes once. @returns Whether to go on at once. */
function copy(context: WorkerContext, from: Side, to: Side): boolean {
  const { libc, copyBuffer } = context;
  const count = libc.recv(from.descriptor, copyBuffer, SPLICE_COPY_BYTES, 0);
  if (count <= 0) {
    noteRead(context, from, count);
    return false;
  }
  from.bytes += count;
  from.connection.lastByteAt = context.nowMs;
  const sent = libc.send(to.descriptor, copyBuffer, count, MSG_NOSIGNAL);
  if (sent === count) {
    from.isBulk = count === SPLICE_COPY_BYTES;
    return from.isBulk;
  }
  if (sent < 0 && !isBlocking(context, from)) return false;
  from.rest = copyBuffer.slice(Math.max(0, sent), count);
  return false;
}

/** Without descriptors for a pipe, bytes are copied, be it little or much. */
function hasPipe(context: WorkerContext, from: Side): boolean {
  return from.pipeIn >= 0 || context.takePipe(from);
}

/** Fills the pipe. @returns Whether there is something in it. */
function fillPipe(context: WorkerContext, from: Side): boolean {
  const count = context.libc.splice(
    from.descriptor,
    null,
    from.pipeIn,
    null,
    SPLICE_PIPE_BYTES,
    SPLICE_FLAGS,
  );
  if (count <= 0) {
    noteRead(context, from, count);
    from.isBulk = false;
    return false;
  }
  from.bytes += count;
  from.inPipe = count;
  from.isBulk = count >= SPLICE_COPY_BYTES;
  from.connection.lastByteAt = context.nowMs;
  return flush(context, from, from.peer) && from.isBulk;
}

/** Writes what was read before. @returns Whether all of it is written. */
function flush(context: WorkerContext, from: Side, to: Side): boolean {
  if (from.rest !== undefined) return flushRest(context, from, to, from.rest);
  const count = context.libc.splice(
    from.pipeOut,
    null,
    to.descriptor,
    null,
    from.inPipe,
    SPLICE_FLAGS,
  );
  if (count < 0) {
    isBlocking(context, from);
    return false;
  }
  from.inPipe -= count;
  from.connection.lastByteAt = context.nowMs;
  return from.inPipe === 0;
}

function flushRest(context: WorkerContext, from: Side, to: Side, rest: Uint8Array): boolean {
  const count = context.libc.send(to.descriptor, rest, rest.length, MSG_NOSIGNAL);
  if (count < 0) {
    isBlocking(context, from);
    return false;
  }
  // A slow reader is not an idle one.
  from.connection.lastByteAt = context.nowMs;
  from.rest = count < rest.length ? rest.subarray(count) : undefined;
  return from.rest === undefined;
}

/** Takes note of a read without bytes: nothing there, an end, or a failure, which ends both ways. */
function noteRead(context: WorkerContext, from: Side, count: number): void {
  if (count < 0) {
    const errno = context.lastError.number;
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return;
    from.connection.end ??= from.isClient ? "client_reset" : "upstream_reset";
    from.hasEnded = from.peer.hasEnded = true;
    return;
  }
  from.hasEnded = true;
  // The last end needs no word of its own: both sockets are closed next.
  if (!from.peer.hasEnded) context.libc.shutdown(from.peer.descriptor, SHUT_WR);
}

/**
 * Takes note of a write that failed. A peer that takes no more may have said something before, so it is
 * read on to its end, which is near: such a connection is dead both ways.
 *
 * @returns True if the peer is only slow.
 */
function isBlocking(context: WorkerContext, from: Side): boolean {
  const errno = context.lastError.number;
  if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return true;
  // Else (EPIPE) that side had ended its stream before, and has now closed in good order.
  if (errno === ERRNO.ECONNRESET) {
    from.connection.end ??= from.isClient ? "upstream_reset" : "client_reset";
    // What a client has said before stands in the way of its end, and is of no use any more.
    if (from.peer.isClient && from.peer.isBlocked) from.peer.hasEnded = true;
  }
  from.hasEnded = true;
  from.rest = undefined;
  context.givePipe(from);
  return false;
}
