/**
 * One connection to a server with what belongs to it: bytes read and not yet taken, a time limit, and
 * the reason why it was ended. Knows nothing of HTTP.
 *
 * While it is idle a read stays pending: it notices a server that closes, and bytes that nobody has
 * asked for, which must not be taken for the answer to the next request. That request takes the
 * pending read over. (Bytes that reach the host in the microseconds between the last turn of the
 * event loop and the next request cannot be told from its answer; HTTP/1.1 has no means to.)
 *
 * Terminal state: closed, with a failure if it was ended for a reason. Does I/O.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { errorText, Failure } from "../../base/failures.ts";
import { UPSTREAM_BUFFER_BYTES } from "../../base/limits.ts";
import type { Connection } from "./connection.ts";
import { Watchdog } from "./watchdog.ts";

/** A connection in use or in the pool. */
export class UpstreamConnection {
  readonly #connection: Connection;
  readonly #watchdog: Watchdog;
  readonly #onClosed: () => void;
  #buffer = new Uint8Array(UPSTREAM_BUFFER_BYTES);
  #start = 0;
  #end = 0;
  #pendingRead: Promise<number | null> | undefined;
  #onIdleEvent: (() => void) | undefined;
  #failure: Failure | undefined;
  #isClosed = false;

  /** @param options.onClosed Called once, when the connection is closed from this side. */
  constructor(connection: Connection, options: { clock: Clock; onClosed: () => void }) {
    this.#connection = connection;
    this.#onClosed = options.onClosed;
    this.#watchdog = new Watchdog(options.clock, () => {
      this.end(new Failure("upstream_timeout", "server was silent for too long"));
    });
  }

  /** Bytes read and not yet taken; valid until the next call of a method that reads. */
  get buffered(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Why the connection was ended, if it was. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Takes `count` of the buffered bytes. */
  take(count: number): void {
    this.#start += count;
    if (this.#start === this.#end) this.#start = this.#end = 0;
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
      const pending = this.#pendingRead ?? this.#connection.read(this.#room());
      this.#pendingRead = undefined;
      const count = await pending;
      if (count !== null) this.#end += count;
      return count;
    } catch (error) {
      throw this.#failureOf(error, "read");
    }
  }

  /**
   * Reads into `target`: what is buffered, else from the connection.
   *
   * @returns How many bytes, or null at the end of the stream.
   * @throws {Failure} Like {@linkcode fill}.
   */
  async readInto(target: Uint8Array): Promise<number | null> {
    const count = Math.min(target.length, this.#end - this.#start);
    if (count > 0) {
      target.set(this.#buffer.subarray(this.#start, this.#start + count));
      this.take(count);
      return count;
    }
    try {
      return await this.#connection.read(target);
    } catch (error) {
      throw this.#failureOf(error, "read");
    }
  }

  /**
   * Writes all bytes.
   *
   * @throws {Failure} `upstream_closed`, or the reason why the connection was ended.
   */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      let written = await this.#connection.write(bytes);
      while (written < bytes.length) {
        written += await this.#connection.write(bytes.subarray(written));
      }
    } catch (error) {
      throw this.#failureOf(error, "write");
    }
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
    const pending = this.#connection.read(this.#room());
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
      this.#connection.close();
    } catch {
      // The runtime had closed it, which is all that is wanted.
    }
    this.#onClosed();
  }

  /** The free end of the buffer, which is moved together or grown if there is none. */
  #room(): Uint8Array {
    if (this.#end === this.#buffer.length) {
      const isFull = this.#start === 0;
      const target = isFull ? new Uint8Array(2 * this.#buffer.length) : this.#buffer;
      target.set(this.buffered);
      this.#buffer = target;
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#buffer.subarray(this.#end);
  }

  #failureOf(error: unknown, action: string): Failure {
    if (this.#failure !== undefined) return this.#failure;
    const text = `Cannot ${action}: ${errorText(error)}`;
    return new Failure("upstream_closed", text, { cause: error });
  }
}
