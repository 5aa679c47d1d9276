/**
 * A connection with the bytes that were read from it and not yet taken: heads and chunk lines are
 * looked for in them, and what is left belongs to the next message. Knows nothing of HTTP, and no time
 * limits. Does not close the connection. Does I/O.
 *
 * @module
 */
import type { Connection } from "../connection.ts";

/** One side's buffer and its connection. */
export class BufferedConnection {
  readonly connection: Connection;
  readonly #bufferBytes: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #start = 0;
  #end = 0;
  #isReading = false;

  /**
   * @param bufferBytes Where the buffer begins; it grows only when a caller leaves it full, and is
   * given back once all is taken.
   */
  constructor(connection: Connection, bufferBytes: number) {
    this.connection = connection;
    this.#bufferBytes = bufferBytes;
    this.#buffer = new Uint8Array(bufferBytes);
  }

  /** Bytes read and not yet taken; valid until the next call of a method that reads. */
  get buffered(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** How many bytes are read and not yet taken. */
  get bufferedBytes(): number {
    return this.#end - this.#start;
  }

  /** Takes `count` of the buffered bytes; also while a read is pending. */
  take(count: number): void {
    this.#start += count;
    // A pending read goes behind `#end` as it was when it began.
    if (this.#start !== this.#end || this.#isReading) return;
    this.#start = this.#end = 0;
    if (this.#buffer.length > this.#bufferBytes) this.#buffer = new Uint8Array(this.#bufferBytes);
  }

  /**
   * Begins a read behind the buffered bytes; the buffer grows as needed, so the caller limits what it
   * leaves in it. The result is to be given to {@linkcode finishRead}, and nothing else read before.
   */
  beginRead(): Promise<number | null> {
    const room = this.#room();
    this.#isReading = true;
    return this.connection.read(room);
  }

  /** Counts in what {@linkcode beginRead} has read. */
  finishRead(count: number | null): void {
    this.#isReading = false;
    if (count !== null) this.#end += count;
  }

  /**
   * Reads more bytes behind those that are buffered.
   *
   * @returns How many, or null at the end of the stream.
   * @throws {Error} If the connection is reset or closed.
   */
  async fill(): Promise<number | null> {
    const count = await this.beginRead();
    this.finishRead(count);
    return count;
  }

  /**
   * Reads into `target`: what is buffered, else from the connection.
   *
   * @returns How many bytes, or null at the end of the stream.
   * @throws {Error} If the connection is reset or closed.
   */
  readInto(target: Uint8Array): Promise<number | null> {
    const count = this.copyBuffered(target);
    return count > 0 ? Promise.resolve(count) : this.connection.read(target);
  }

  /** Takes as many buffered bytes as `target` has room for. @returns How many. */
  copyBuffered(target: Uint8Array): number {
    const count = Math.min(target.length, this.#end - this.#start);
    if (count > 0) {
      target.set(this.#buffer.subarray(this.#start, this.#start + count));
      this.take(count);
    }
    return count;
  }

  /**
   * Writes all bytes.
   *
   * @throws {Error} If the connection is reset or closed.
   */
  async write(bytes: Uint8Array): Promise<void> {
    let written = await this.connection.write(bytes);
    while (written < bytes.length) {
      written += await this.connection.write(bytes.subarray(written));
    }
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
}
