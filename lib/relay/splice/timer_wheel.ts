/**
 * Time limits of thousands of connections for the price of none: a ring of lists, one per step of
 * time. Setting and clearing is a change of two neighbours; a limit that moves into the future is not
 * touched at all but found again when its old step comes. Does no I/O and reads no clock.
 *
 * @module
 */

/** What can have a time limit: one at a time. The wheel writes the fields, whoever owns them reads. */
export interface Timed {
  /** When the limit is over, in milliseconds of the wheel's time. */
  dueAt: number;
  /** The step whose list it is in; {@linkcode DUE} if it is looked at right now; -1 if none. */
  timerStep: number;
  timerNext: Timed | undefined;
  timerPrevious: Timed | undefined;
}

/** A limit that is further away is looked at once per turn of the wheel. */
const STEPS = 1024;

/** The step of what is looked at right now: before every other. It has a list of its own. */
const DUE = 0;

/** Runs limits up to one step late, never early. */
export class TimerWheel<T extends Timed> {
  readonly #stepMs: number;
  readonly #expire: (timed: T) => void;
  readonly #heads: (Timed | undefined)[] = Array.from(
    { length: STEPS + 1 },
    () => undefined,
  );
  /** Everything up to this step has been run. */
  #current: number;
  /** No list before this step has anything in it. */
  #earliest = Infinity;
  #count = 0;

  /**
   * @param stepMs Milliseconds; how late a limit may be noticed.
   * @param expire Called once for a limit that is over, which is cleared by then.
   */
  constructor(nowMs: number, stepMs: number, expire: (timed: T) => void) {
    this.#stepMs = stepMs;
    this.#expire = expire;
    this.#current = Math.floor(nowMs / stepMs);
  }

  /** Limits that are set. */
  get count(): number {
    return this.#count;
  }

  /** Sets or moves the one limit of `timed`. */
  set(timed: T, dueAt: number): void {
    timed.dueAt = dueAt;
    const step = this.#stepOf(dueAt);
    if (timed.timerStep >= 0) {
      // In the list it is in, it will be looked at in time.
      if (timed.timerStep <= step) return;
      this.clear(timed);
    }
    this.#link(timed, step);
  }

  /** Clears the limit of `timed`, if it has one. */
  clear(timed: T): void {
    if (timed.timerStep < 0) return;
    const { timerNext: next, timerPrevious: previous } = timed;
    if (previous === undefined) this.#heads[listOf(timed.timerStep)] = next;
    else previous.timerNext = next;
    if (next !== undefined) next.timerPrevious = previous;
    timed.timerStep = -1;
    timed.timerNext = timed.timerPrevious = undefined;
    this.#count--;
  }

  /** Runs every limit that is over. */
  advance(nowMs: number): void {
    const to = Math.floor(nowMs / this.#stepMs);
    if (this.#earliest > to) {
      this.#current = to;
      return;
    }
    // In a jump of more than a turn each list comes once, with whatever is in it.
    const from = Math.max(this.#earliest, to - STEPS + 1);
    // Whatever is set meanwhile goes behind `to`.
    this.#current = to;
    this.#earliest = Infinity;
    for (let step = from; step <= to; step++) this.#collect(step % STEPS);
    this.#run(nowMs);
    this.#findEarliest();
  }

  /** Returns the milliseconds until {@linkcode TimerWheel.advance} has something to do; -1 for never. */
  waitMs(nowMs: number): number {
    if (this.#count === 0) return -1;
    return Math.max(0, Math.ceil(this.#earliest * this.#stepMs - nowMs));
  }

  /** The step that ends when `dueAt` has passed, or the furthest there is. */
  #stepOf(dueAt: number): number {
    const step = Math.ceil(dueAt / this.#stepMs);
    return Math.min(Math.max(step, this.#current + 1), this.#current + STEPS - 1);
  }

  #link(timed: Timed, step: number): void {
    const list = listOf(step);
    const head = this.#heads[list];
    timed.timerStep = step;
    timed.timerNext = head;
    timed.timerPrevious = undefined;
    if (head !== undefined) head.timerPrevious = timed;
    this.#heads[list] = timed;
    if (step !== DUE && step < this.#earliest) this.#earliest = step;
    this.#count++;
  }

  #collect(list: number): void {
    for (let timed = this.#heads[list]; timed !== undefined; timed = this.#heads[list]) {
      this.clear(timed as T);
      this.#link(timed, DUE);
    }
  }

  /** One by one from the head, for what is run may clear or set any other. */
  #run(nowMs: number): void {
    const list = listOf(DUE);
    for (let timed = this.#heads[list]; timed !== undefined; timed = this.#heads[list]) {
      this.clear(timed as T);
      if (timed.dueAt > nowMs) this.#link(timed, this.#stepOf(timed.dueAt));
      else this.#expire(timed as T);
    }
  }

  #findEarliest(): void {
    if (this.#count === 0) return;
    for (let step = this.#current + 1; step < this.#current + STEPS; step++) {
      if (this.#heads[step % STEPS] === undefined) continue;
      this.#earliest = step;
      return;
    }
  }
}

function listOf(step: number): number {
  return step === DUE ? STEPS : step % STEPS;
}
