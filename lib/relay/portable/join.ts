/**
 * Moves bytes both ways between two connections until both have ended. An end in one direction is
 * passed on and the other goes on (half-close, RFC 9293 §3.6). Does I/O. Their owner closes both in the
 * end; a join closes them itself only where one breaks, so that nothing waits for the other. (Closing
 * twice is allowed and dear: the runtime builds an error for it, 19 us.)
 *
 * A slow reader holds its writer back: a direction reads again only when all it read is written. A
 * reset is passed on as an end, for the runtime cannot send one; TLS tells the two apart.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { fitRelayBuffer, makeRelayBuffer } from "../../base/relay_buffer.ts";
import { Turns } from "../../base/turns.ts";
import type { ConnectionEnd } from "../relay_engine.ts";
import { closeQuietly } from "./close_quietly.ts";

/** Bytes moved so far; they grow while a join runs. */
export interface Transfer {
  bytesUp: number;
  bytesDown: number;
  /** When a byte was last read or written. Steady clock, in milliseconds. */
  lastByteAt: number;
  /** The client has not taken yet what was last read for it. */
  isTaking?: boolean;
}

/** How a join goes and where it counts. */
export interface JoinOptions {
  readonly clock: Clock;
  readonly transfer: Transfer;
  /** Milliseconds without a byte either way; `Infinity` if somebody else watches. */
  readonly idleTimeoutMs: number;
}

/** Joins two connections. Never throws. */
export async function join(
  client: Deno.Conn,
  upstream: Deno.Conn,
  options: JoinOptions,
): Promise<ConnectionEnd> {
  const joint = new Joint(client, upstream, options);
  using _watch = watchIdle(options, () => joint.abort("idle_timeout"));
  await Promise.all([joint.copy("bytesUp"), joint.copy("bytesDown")]);
  return joint.end ?? "closed";
}

/** The two directions, by what is counted. */
type Direction = "bytesUp" | "bytesDown";

/** States: both directions open, one open, none open; aborted (terminal). */
class Joint {
  readonly #client: Deno.Conn;
  readonly #upstream: Deno.Conn;
  readonly #options: JoinOptions;
  /** Why it was aborted, or which side was reset; the first reason counts. */
  end: ConnectionEnd | undefined;
  #openDirections = 2;

  constructor(client: Deno.Conn, upstream: Deno.Conn, options: JoinOptions) {
    this.#client = client;
    this.#upstream = upstream;
    this.#options = options;
  }

  /** Closes both connections, which ends both directions. */
  abort(end: ConnectionEnd): void {
    this.end ??= end;
    closeQuietly(this.#client);
    closeQuietly(this.#upstream);
  }

  /** Copies one way until its source ends or one side breaks, and passes the end on. Never throws. */
  async copy(direction: Direction): Promise<void> {
    const isUp = direction === "bytesUp";
    const from = isUp ? this.#client : this.#upstream;
    const to = isUp ? this.#upstream : this.#client;
    let isReading = true;
    try {
      const turns = new Turns();
      let buffer = makeRelayBuffer();
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        isReading = false;
        this.#count(direction, count);
        if (!isUp) this.#options.transfer.isTaking = true;
        await this.#write(to, count === buffer.length ? buffer : buffer.subarray(0, count));
        if (!isUp) this.#options.transfer.isTaking = false;
        buffer = fitRelayBuffer(buffer, count);
        await turns.take(count);
        isReading = true;
      }
      isReading = false;
      // The last end needs no word of its own: both connections are closed next.
      if (this.#openDirections > 1) await to.closeWrite();
    } catch (error) {
      if (isReading) this.abort(isUp ? "client_reset" : "upstream_reset");
      else this.#noteDeaf(isUp ? "upstream_reset" : "client_reset", error);
    }
    this.#openDirections--;
  }

  #count(direction: Direction, count: number): void {
    const { clock, transfer } = this.#options;
    transfer[direction] += count;
    transfer.lastByteAt = clock.monotonic();
  }

  async #write(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await to.write(sent === 0 ? bytes : bytes.subarray(sent));
      // A slow reader is not an idle one.
      this.#options.transfer.lastByteAt = this.#options.clock.monotonic();
    }
  }

  /**
   * A side that takes no more may have said something before, so it is read on to its end. That end
   * is near, for such a connection is dead both ways; but of a client that was reset, what it said may
   * stand in the way of it, and is of no use any more.
   */
  #noteDeaf(reset: ConnectionEnd, error: unknown): void {
    // Else (EPIPE) that side had ended its stream before, and has now closed in good order.
    if (!(error instanceof Deno.errors.ConnectionReset)) return;
    if (reset === "client_reset") this.abort(reset);
    else this.end ??= reset;
  }
}

/** Looks only when the limit could have passed, so that a busy connection costs no timers. */
function watchIdle(options: JoinOptions, expire: () => void): Disposable {
  const { clock, transfer, idleTimeoutMs } = options;
  if (idleTimeoutMs === Infinity) return { [Symbol.dispose]: () => {} };
  let timer = clock.after(idleTimeoutMs, look);
  function look(): void {
    const leftMs = transfer.lastByteAt + idleTimeoutMs - clock.monotonic();
    if (leftMs <= 0) expire();
    else timer = clock.after(leftMs, look);
  }
  return { [Symbol.dispose]: () => timer.cancel() };
}
