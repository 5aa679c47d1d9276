/**
 * What a client sends, read in one place: heads and bodies take from it, and while nobody does, a read
 * stays pending all the same, for that is how a client that leaves is noticed. What it brings is kept
 * for the next request, up to a limit.
 *
 * The end of the stream counts as leaving, as with nginx: a client that has gone shows itself by
 * nothing else. Knows no time limits. Does not close the connection. Does I/O. Input comes from
 * strangers.
 *
 * States: open -> ended (terminal), by an end, a reset, or because the connection was closed here.
 *
 * @module
 */
import { CLIENT_BUFFER_BYTES, CLIENT_WATCH_MAX_BYTES } from "../../base/limits.ts";
import type { Connection } from "../connection.ts";
import type { BodyInput } from "./body_reader.ts";
import { BufferedConnection } from "./buffered_connection.ts";

/** The reading side of a client's connection. */
export class ClientInput implements BodyInput {
  readonly #io: BufferedConnection;
  readonly #onEnded: () => void;
  /** A read into the buffer. Never rejects. */
  #filling: Promise<number | null> | undefined;
  /** A read into memory of a body's reader. Never rejects. */
  #reading: Promise<number | null> | undefined;
  #isEnded = false;
  #isWatching = false;

  /** @param onEnded Called once, when the client has ended its side or has gone. */
  constructor(connection: Connection, onEnded: () => void) {
    this.#io = new BufferedConnection(connection, CLIENT_BUFFER_BYTES);
    this.#onEnded = onEnded;
  }

  /** Bytes read and not yet taken; valid until the next call of a method that reads. */
  get buffered(): Uint8Array {
    return this.#io.buffered;
  }

  /** How many bytes are read and not yet taken. */
  get bufferedBytes(): number {
    return this.#io.bufferedBytes;
  }

  /** Whether the client has ended its side or has gone; there may be buffered bytes all the same. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Takes `count` of the buffered bytes. */
  take(count: number): void {
    this.#io.take(count);
  }

  /**
   * Reads more bytes behind those that are buffered; the buffer grows as needed, so the caller limits
   * what it leaves in it.
   *
   * @returns How many, or null at the end.
   */
  fill(): Promise<number | null> {
    if (this.#isEnded) return Promise.resolve(null);
    return this.#filling ?? this.#beginFilling();
  }

  /**
   * Reads into `target`: what is buffered, else from the connection. One read at a time.
   *
   * @returns How many bytes, or null at the end.
   */
  async readInto(target: Uint8Array): Promise<number | null> {
    for (;;) {
      const count = this.#io.copyBuffered(target);
      if (count > 0) return count;
      if (this.#isEnded) return null;
      if (this.#filling === undefined) return await this.#beginReading(target);
      await this.#filling;
    }
  }

  /** Reads what is missing while nobody else reads, until {@linkcode unwatch}. */
  watch(): void {
    this.#isWatching = true;
    this.#watchOn();
  }

  /** Ends the watch; a read that is pending is for whoever reads next. */
  unwatch(): void {
    this.#isWatching = false;
  }

  /**
   * Gives up reading from here: what was read and not taken is the caller's, and the connection is for
   * the caller to read from.
   *
   * @returns Those bytes, in memory of their own: what is there, and what a pending read will bring.
   */
  release(): (Uint8Array | Promise<Uint8Array>)[] {
    this.unwatch();
    const there = this.#io.buffered.slice();
    const pending = this.#filling;
    // Nothing is taken from the buffer, which the pending read goes on to fill behind them.
    if (pending === undefined) return [there];
    return [there, pending.then(() => this.#io.buffered.slice(there.length))];
  }

  /** The next one begins when this one has brought something, and the limit leaves room for more. */
  #watchOn(): void {
    if (this.#filling !== undefined || this.#reading !== undefined || this.#isEnded) return;
    if (this.#isWatching && this.#io.bufferedBytes < CLIENT_WATCH_MAX_BYTES) this.#beginFilling();
  }

  #beginFilling(): Promise<number | null> {
    return this.#filling = this.#io.beginRead().then(this.#noteFilled, this.#noteBroken);
  }

  readonly #noteFilled = (count: number | null): number | null => {
    this.#filling = undefined;
    this.#io.finishRead(count);
    if (count === null) this.#end();
    else this.#watchOn();
    return count;
  };

  /** Reset, or closed here: there is nobody left who could be told why. */
  readonly #noteBroken = () => this.#noteFilled(null);

  #beginReading(target: Uint8Array): Promise<number | null> {
    const arrived = (count: number | null) => {
      this.#reading = undefined;
      if (count === null) this.#end();
      return count;
    };
    const reading = this.#io.connection.read(target).then(arrived, () => arrived(null));
    this.#reading = reading;
    return reading;
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onEnded();
  }
}
