/**
 * The terminators that are open, in memory that all workers and the main isolate share. The main
 * isolate leases a terminator and fills a slot; the slot's number stands in a cell of the plan (one per
 * match), where workers find it; each connection to it is counted in its slot. The main isolate ends a
 * lease once its slot stands in no cell and has no connections. Does no I/O.
 *
 * Slots: free -> filled -> retired (in no cell) -> free. Only the main isolate changes that.
 *
 * @module
 */

/** What a slot says. */
export interface TerminatorSlot {
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Workers ask again after this moment, in milliseconds. */
  readonly staleAt: number;
  readonly headerMs: number;
  readonly keepAliveMs: number;
}

const PORT = 0;
const CONNECTIONS = 1;
const IS_RETIRED = 2;
const HEADER_MS = 3;
const KEEP_ALIVE_MS = 4;
const SLOT_WORDS = 8;
/** A moment as a 64-bit number, in words 6 and 7. */
const STALE_AT = 6;

/** No slot: slots count from 1, so that fresh memory says so. */
export const NO_SLOT = 0;

/** The shared board. */
export class TerminatorBoard {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #moments: Float64Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#moments = new Float64Array(memory);
  }

  /** Allocates a board with so many slots; unused ones take no memory of the host. */
  static allocate(slots: number): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * SLOT_WORDS * (slots + 1));
  }

  /** How many slots there are. */
  get slots(): number {
    return this.#words.length / SLOT_WORDS - 1;
  }

  /**
   * Takes up a connection.
   *
   * @returns The slot in the cell; {@linkcode NO_SLOT} if main must be asked; a slot with a minus sign if
   * main must be asked, and must look whether the lease of that slot has ended.
   */
  enter(cells: Int32Array, cell: number, nowMs: number): number {
    const slot = Atomics.load(cells, cell);
    if (slot === NO_SLOT) return NO_SLOT;
    Atomics.add(this.#words, slot * SLOT_WORDS + CONNECTIONS, 1);
    // Counted first, then looked again: main, which empties the cell first, sees one or the other.
    const isCurrent = Atomics.load(cells, cell) === slot;
    if (isCurrent && nowMs < this.#moments[(slot * SLOT_WORDS + STALE_AT) / 2]) return slot;
    // Whoever left meanwhile saw this one, and said nothing.
    return this.leave(slot) ? -slot : NO_SLOT;
  }

  /** Counts a connection out. @returns True if main must look whether the lease has ended. */
  leave(slot: number): boolean {
    const before = Atomics.sub(this.#words, slot * SLOT_WORDS + CONNECTIONS, 1);
    return before === 1 && Atomics.load(this.#words, slot * SLOT_WORDS + IS_RETIRED) === 1;
  }

  /** Returns the port of a slot that was entered. */
  port(slot: number): number {
    return this.#words[slot * SLOT_WORDS + PORT];
  }

  /** Returns the limit to the end of the first request head, in milliseconds. */
  headerMs(slot: number): number {
    return this.#words[slot * SLOT_WORDS + HEADER_MS];
  }

  /** Returns the limit between requests, in milliseconds. */
  keepAliveMs(slot: number): number {
    return this.#words[slot * SLOT_WORDS + KEEP_ALIVE_MS];
  }

  /** Fills a free slot. Main calls. */
  fill(slot: number, { port, staleAt, headerMs, keepAliveMs }: TerminatorSlot): void {
    const at = slot * SLOT_WORDS;
    this.#words[at + PORT] = port;
    this.#words[at + HEADER_MS] = headerMs;
    this.#words[at + KEEP_ALIVE_MS] = keepAliveMs;
    this.#moments[(at + STALE_AT) / 2] = staleAt;
    // Connections are not set to zero: a worker that still finds the slot's last use counts up and down.
    Atomics.store(this.#words, at + IS_RETIRED, 0);
  }

  /** Marks a slot that has been taken out of its cell. Main calls. */
  retire(slot: number): void {
    Atomics.store(this.#words, slot * SLOT_WORDS + IS_RETIRED, 1);
  }

  /**
   * Says whether a slot is retired and has no connections, so that its lease can end. One that was told
   * of may have been filled again since. Main calls.
   */
  isUnused(slot: number): boolean {
    return Atomics.load(this.#words, slot * SLOT_WORDS + IS_RETIRED) === 1 &&
      Atomics.load(this.#words, slot * SLOT_WORDS + CONNECTIONS) === 0;
  }
}
