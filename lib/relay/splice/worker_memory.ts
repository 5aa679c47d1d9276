/**
 * What one worker shares with the main isolate besides its reports: numbers, and which descriptors,
 * places and hops each of its connections holds, so that main can give them back if the worker dies.
 * The worker writes, main reads; the exceptions say so. Does no I/O.
 *
 * @module
 */
import { COUNTERS } from "../../base/counters.ts";

/** Names of the counters, by their position in {@linkcode WorkerMemory.counters}. */
export const COUNTER_NAMES = Object.keys(COUNTERS) as readonly (keyof typeof COUNTERS)[];

/** What a connection holds, as positions in its row. -1 stands for nothing. */
export const HOLD = {
  client: 0,
  upstream: 1,
  /** Two pipes, each with the end that is read first: from the client, from the upstream. */
  pipes: 2,
  bookSlot: 6,
  terminatorSlot: 7,
  /** Where a server's connections are counted, this one among them. */
  openCell: 8,
} as const;

/** Words of a connection's row. */
const ROW_WORDS = 9;

/** Numbers that stand alone, as positions in words. */
const OPEN = 0;
const EPOLL = 1;
const REPORTS_ASKED = 2;
const TIME_ASKED = 3;
const TIME_REACHED = 4;
const IS_URGENT = 5;
const IDLE_PIPES = 6;
const ENDED = 7;
const CUT = 8;
const COMMANDS_DONE = 9;
const STATE_WORDS = 16;

/** A worker that has ended has reached every time. */
const NEVER = -1;

/** The memory of one worker: both sides make this of the same buffer. */
export class WorkerMemory {
  readonly memory: SharedArrayBuffer;
  /** How many connections have rows. */
  readonly capacity: number;
  /** By {@linkcode COUNTER_NAMES}. */
  readonly counters: Int32Array<SharedArrayBuffer>;
  /** Descriptors of pipes that no connection uses; see `idlePipes`. */
  readonly pipes: Int32Array<SharedArrayBuffer>;
  readonly #state: Int32Array<SharedArrayBuffer>;
  readonly #time: Float64Array<SharedArrayBuffer>;
  readonly #rows: Int32Array<SharedArrayBuffer>;

  /** @param pipes How many idle pipes have room. */
  constructor(memory: SharedArrayBuffer, pipes: number) {
    this.memory = memory;
    this.#time = new Float64Array(memory, 0, 1);
    this.#state = new Int32Array(memory, 8, STATE_WORDS);
    let at = 8 + 4 * STATE_WORDS;
    this.counters = new Int32Array(memory, at, COUNTER_NAMES.length);
    at += 4 * COUNTER_NAMES.length;
    this.pipes = new Int32Array(memory, at, 2 * pipes);
    at += 8 * pipes;
    this.#rows = new Int32Array(memory, at);
    this.capacity = Math.floor(this.#rows.length / ROW_WORDS);
  }

  /** Allocates memory; rows that no connection has used take none of the host's. */
  static allocate(capacity: number, pipes: number): SharedArrayBuffer {
    const words = STATE_WORDS + COUNTER_NAMES.length + 2 * pipes + capacity * ROW_WORDS;
    return new SharedArrayBuffer(8 + 4 * words);
  }

  /** Connections that are open. */
  get open(): number {
    return Atomics.load(this.#state, OPEN);
  }

  /** Counts the start of a connection. */
  noteStart(): void {
    Atomics.add(this.#state, OPEN, 1);
  }

  /** Connections that have ended so far. */
  get ended(): number {
    return Atomics.load(this.#state, ENDED);
  }

  /** Those of them that were cut by a drain. */
  get cut(): number {
    return Atomics.load(this.#state, CUT);
  }

  /** Counts the end of a connection. */
  noteEnd(isCut: boolean): void {
    Atomics.add(this.#state, ENDED, 1);
    if (isCut) Atomics.add(this.#state, CUT, 1);
    Atomics.sub(this.#state, OPEN, 1);
  }

  /** Commands that have been carried out. */
  get commandsDone(): number {
    return Atomics.load(this.#state, COMMANDS_DONE);
  }

  /** Counts a command that has been carried out. */
  noteCommand(): void {
    Atomics.add(this.#state, COMMANDS_DONE, 1);
  }

  /** The descriptor of the worker's epoll set plus one; 0 before there is one. */
  get epoll(): number {
    return Atomics.load(this.#state, EPOLL) - 1;
  }

  set epoll(descriptor: number) {
    Atomics.store(this.#state, EPOLL, descriptor + 1);
  }

  /** How many pairs of {@linkcode WorkerMemory.pipes} are in use. */
  get idlePipes(): number {
    return Atomics.load(this.#state, IDLE_PIPES);
  }

  set idlePipes(count: number) {
    Atomics.store(this.#state, IDLE_PIPES, count);
  }

  /** Main wants to hear of every end at once, since it waits for the last one. Main writes. */
  get isUrgent(): boolean {
    return Atomics.load(this.#state, IS_URGENT) === 1;
  }

  set isUrgent(isUrgent: boolean) {
    Atomics.store(this.#state, IS_URGENT, isUrgent ? 1 : 0);
  }

  /** Claims the one message that tells main to read reports. @returns False if it is on its way. */
  askForReading(): boolean {
    return Atomics.exchange(this.#state, REPORTS_ASKED, 1) === 0;
  }

  /** Main reads now: from here on another message is needed. Main calls. */
  beginReading(): void {
    Atomics.store(this.#state, REPORTS_ASKED, 0);
  }

  /** The time that main tells, in milliseconds; where main tells the time. Main writes. */
  get toldMs(): number {
    return this.#time[0];
  }

  /** Tells the time and returns what {@linkcode WorkerMemory.awaitTime} has to wait for. */
  tellTime(nowMs: number): number {
    this.#time[0] = nowMs;
    return Atomics.add(this.#state, TIME_ASKED, 1) + 1;
  }

  /** What has been told so far, to be read before the time itself. */
  get timesTold(): number {
    return Atomics.load(this.#state, TIME_ASKED);
  }

  /** Everything that was due when the time was told for the n-th time has been done. */
  reachTime(times: number): void {
    if (Atomics.load(this.#state, TIME_REACHED) === times) return;
    Atomics.store(this.#state, TIME_REACHED, times);
    Atomics.notify(this.#state, TIME_REACHED);
  }

  /** Nothing will be done any more, whatever time is told. */
  endTime(): void {
    this.reachTime(NEVER);
  }

  /** Blocks until the worker has reached a time, or has ended. @returns False if it has not within `limitMs`. */
  awaitTime(times: number, limitMs: number): boolean {
    const endsAt = performance.now() + limitMs;
    for (;;) {
      const reached = Atomics.load(this.#state, TIME_REACHED);
      if (reached === times || reached === NEVER) return true;
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) return false;
      Atomics.wait(this.#state, TIME_REACHED, reached, leftMs);
    }
  }

  /** Notes what a connection holds. @param what One of {@linkcode HOLD}; a pipe's ends follow it. */
  hold(row: number, what: number, value: number): void {
    this.#rows[row * ROW_WORDS + what] = value + 1;
  }

  /** Returns what a connection holds; -1 if nothing. */
  held(row: number, what: number): number {
    return this.#rows[row * ROW_WORDS + what] - 1;
  }
}
