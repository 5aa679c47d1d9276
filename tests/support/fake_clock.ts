/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */
import type { Clock, Timer } from "../../lib/base/clock.ts";

/** A {@linkcode Clock} whose time is moved by {@linkcode FakeClock.advance}. */
export class FakeClock implements Clock {
  #nowMs: number;
  #elapsedMs = 0;
  /** Called with the steady time whenever it has moved, for threads that cannot ask. */
  onMove: ((elapsedMs: number) => void) | undefined;
  readonly #settle: () => Promise<void>;
  #timers: { dueMs: number; run: () => void }[] = [];

  /**
   * @param startMs The time of day at the start, in milliseconds since 1970.
   * @param settle Lets everything run that can, also what waits for the host; where nothing does there
   * are ways that take no milliseconds.
   */
  constructor(startMs: number = Date.UTC(2026, 0, 1), settle: () => Promise<void> = settleAll) {
    this.#nowMs = startMs;
    this.#settle = settle;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { dueMs: this.#elapsedMs + delayMs, run };
    this.#timers.push(timer);
    const cancel = () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
    return { cancel, [Symbol.dispose]: cancel };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer is due, or undefined if none waits. */
  get nextDueMs(): number | undefined {
    if (this.#timers.length === 0) return undefined;
    return Math.min(...this.#timers.map((timer) => timer.dueMs)) - this.#elapsedMs;
  }

  /** Sets the time of day forward, as an administrator would: no timer runs earlier for it. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  /** Lets time pass without running what falls due meanwhile; the next {@linkcode advance} does. */
  sleep(ms: number): void {
    this.#move(this.#elapsedMs + ms);
  }

  /** Moves the time and runs what falls due, in order, letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    for (;;) {
      await this.#settle();
      const due = this.#timers
        .filter((timer) => timer.dueMs <= untilMs)
        .sort((a, b) => a.dueMs - b.dueMs)[0];
      if (due === undefined) break;
      this.#move(Math.max(due.dueMs, this.#elapsedMs));
      this.#timers = this.#timers.filter((other) => other !== due);
      due.run();
    }
    this.#move(untilMs);
    await this.#settle();
  }

  #move(toMs: number): void {
    this.#nowMs += toMs - this.#elapsedMs;
    this.#elapsedMs = toMs;
    this.onMove?.(toMs);
  }
}

/** Lets every promise that is ready run its reactions. */
async function settleAll(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
}
