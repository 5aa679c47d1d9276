/**
 * Buffers of one size that take turns in serving connections: a connection holds one while it writes
 * an answer, and none while it waits. Pure.
 *
 * @module
 */

/** Lends buffers. What lies in one is left from whoever had it before. */
export class BufferPool {
  readonly #bufferBytes: number;
  readonly #idleMax: number;
  readonly #idle: Uint8Array<ArrayBuffer>[] = [];

  /** @param idleMax Buffers that wait; more than these are given back to the runtime. */
  constructor(bufferBytes: number, idleMax: number) {
    this.#bufferBytes = bufferBytes;
    this.#idleMax = idleMax;
  }

  /** How many wait to be lent. */
  get idle(): number {
    return this.#idle.length;
  }

  /** Lends one, to be given back when no read or write uses it any more. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#idle.pop() ?? new Uint8Array(this.#bufferBytes);
  }

  /** Takes one back. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#idle.length < this.#idleMax) this.#idle.push(buffer);
  }
}
