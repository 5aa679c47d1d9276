/**
 * One connection to a server with what belongs to it: bytes read and not yet taken, a time limit, and
 * the reason why it was ended. Knows nothing of HTTP.
 *
 * While it is idle a read stays pending: it notices a server that closes, and bytes that nobody has
 * asked for, which must not be taken for the answer to the next request. That request takes the
 * pending read over. (Bytes that reach the host in the microseconds between the last turn of the
 * event loop and the next request cannot be told from its answer; HTTP/1.1 has no means to.)
 *
 * Terminal states: closed, with a failure if it was ended for a reason; released, to be a tunnel. Does
 * I/O.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { errorText, Failure } from "../../base/failures.ts";
import { UPSTREAM_BUFFER_BYTES, UPSTREAM_SEND_BUFFER_BYTES } from "../../base/limits.ts";
import { Watchdog } from "../../base/watchdog.ts";
import type { Connection } from "../connection.ts";
import { BufferedConnection } from "../http1/buffered_connection.ts";
import type { Tunnel } from "../message.ts";

/** A connection in use or in the pool. Whoever has it closes or releases it. */
export class UpstreamConnection {
  readonly #io: BufferedConnection;
  readonly #watchdog: Watchdog;
  readonly #onClosed: () => void;
  #sendBuffer: Uint8Array | undefined;
  #pendingRead: Promise<number | null> | undefined;
  #onIdleEvent: (() => void) | undefined;
  #failure: Failure | undefined;
  #isClosed = false;

  /** @param options.onClosed Called once, when the connection is closed from this side or released. */
  constructor(connection: Connection, options: { clock: Clock; onClosed: () => void }) {
    this.#io = new BufferedConnection(connection, UPSTREAM_BUFFER_BYTES);
    this.#onClosed = options.onClosed;
    this.#watchdog = new Watchdog(options.clock, () => {
      this.end(new Failure("upstream_timeout", "server was silent for too long"));
    });
  }

  /** Bytes read and not yet taken; valid until the next call of a method that reads. */
  get buffered(): Uint8Array {
    return this.#io.buffered;
  }

  /** Why the connection was ended, if it was. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** How many bytes are read and not yet taken. */
  get bufferedBytes(): number {
    return this.#io.bufferedBytes;
  }

  /** Takes `count` of the buffered bytes. */
  take(count: number): void {
    this.#io.take(count);
  }

  /**
   * Reads more bytes behind those that are buffered; the buffer grows as needed, so the caller
   * limits what it leaves in it.
   *
   * @returns How many, or null at the end of the stream.
   * @throws {Failure} `upstream_closed`, or the reason why the connection was ended.
   */
  async fill(): Promise<number | null> {
    try {
      const pending = this.#pendingRead ?? this.#io.beginRead();
      this.#pendingRead = undefined;
      const count = await pending;
      this.#io.finishRead(count);
      return count;
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  /**
   * Reads into `target`: what is buffered, else from the connection.
   *
   * @returns How many bytes, or null at the end of the stream.
   * @throws {Failure} Like {@linkcode fill}.
   */
  async readInto(target: Uint8Array): Promise<number | null> {
    try {
      return await this.#io.readInto(target);
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  /**
   * Returns memory to write from, for one exchange: always the same for what is usual, so that a
   * request costs no allocation.
   */
  sendBuffer(bytes: number): Uint8Array {
    if (bytes > UPSTREAM_SEND_BUFFER_BYTES) return new Uint8Array(bytes);
    return this.#sendBuffer ??= new Uint8Array(UPSTREAM_SEND_BUFFER_BYTES);
  }

  /**
   * Writes all bytes.
   *
   * @throws {Error} If the server takes no more, or the connection was ended: see {@linkcode failure}.
   */
  write(bytes: Uint8Array): Promise<void> {
    return this.#io.write(bytes);
  }

  /** Ends the connection with `upstream_timeout` unless lifted within `limitMs` milliseconds. */
  setLimit(limitMs: number): void {
    if (!this.#isClosed) this.#watchdog.set(limitMs);
  }

  /** Lifts the time limit. */
  liftLimit(): void {
    this.#watchdog.lift();
  }

  /**
   * Watches the connection until {@linkcode wake}.
   *
   * @param onEvent Called once, if the server closes or sends bytes. The connection is of no use then.
   */
  watchIdle(onEvent: () => void): void {
    this.#watchdog.lift();
    this.#onIdleEvent = onEvent;
    const pending = this.#io.beginRead();
    this.#pendingRead = pending;
    const notice = () => this.#onIdleEvent?.();
    pending.then(notice, notice);
  }

  /** Ends the watch: the next answer comes through the read that is pending. */
  wake(): void {
    this.#onIdleEvent = undefined;
  }

  /** Ends the connection for a reason, which everybody who uses it is told. The first reason counts. */
  end(failure: Failure): void {
    this.#failure ??= failure;
    this.close();
  }

  /** Closes the connection at once. May be called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onIdleEvent = undefined;
    this.#watchdog.stop();
    try {
      this.#io.connection.close();
    } catch {
      // The runtime had closed it, which is all that is wanted.
    }
    this.#onClosed();
  }

  /** Gives the connection away, with the bytes that are buffered: whoever takes them closes it. */
  release(): Tunnel {
    const initial = this.#io.buffered.slice();
    this.#isClosed = true;
    this.#watchdog.stop();
    this.#onClosed();
    return { connection: this.#io.connection, initial };
  }

  #failureOf(error: unknown): Failure {
    if (this.#failure !== undefined) return this.#failure;
    const text = `Cannot read: ${errorText(error)}`;
    return new Failure("upstream_closed", text, { cause: error });
  }
}
