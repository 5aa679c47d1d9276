/**
 * One time limit after another on the same connection, for the price of a timer now and then: the
 * timer runs on while limits are set and lifted, and looks at the time when it fires.
 *
 * @module
 */
import type { Clock, Timer } from "./clock.ts";

/** Calls back when a limit has passed. Whoever makes one stops it. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #onExpired: () => void;
  #timer: Timer | undefined;
  #timerDueMs = Infinity;
  #deadlineMs = Infinity;

  constructor(clock: Clock, onExpired: () => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  /** Sets the limit, in place of the one before. @param limitMs Milliseconds from now. */
  set(limitMs: number): void {
    const nowMs = this.#clock.monotonic();
    this.#deadlineMs = nowMs + limitMs;
    if (this.#deadlineMs < this.#timerDueMs) this.#arm(nowMs);
  }

  /** Lifts the limit. */
  lift(): void {
    this.#deadlineMs = Infinity;
  }

  /** Lifts the limit and cancels the timer. */
  stop(): void {
    this.lift();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
  }

  #arm(nowMs: number): void {
    this.#timer?.cancel();
    this.#timerDueMs = this.#deadlineMs;
    this.#timer = this.#clock.after(this.#deadlineMs - nowMs, () => this.#wake());
  }

  #wake(): void {
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
    if (this.#deadlineMs === Infinity) return;
    const nowMs = this.#clock.monotonic();
    if (nowMs < this.#deadlineMs) return this.#arm(nowMs);
    this.lift();
    this.#onExpired();
  }
}
