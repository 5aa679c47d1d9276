/**
 * One time limit for many streams of a connection: those that wait stand in the order in which their
 * limits pass, and one timer serves them all. Does no I/O.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { Watchdog } from "../../base/watchdog.ts";

/** Limits the waits of streams. Whoever makes one stops it. */
export class StreamLimits {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onExpired: (stream: number) => void;
  readonly #watchdog: Watchdog;
  /** By stream, when its wait is over. All waits have the same limit, so the first is due first. */
  readonly #dueMs = new Map<number, number>();

  /** @param options.limitMs Milliseconds that each wait may take. */
  constructor(
    clock: Clock,
    options: { readonly limitMs: number; readonly onExpired: (stream: number) => void },
  ) {
    this.#clock = clock;
    this.#limitMs = options.limitMs;
    this.#onExpired = options.onExpired;
    this.#watchdog = new Watchdog(clock, () => this.#expire());
  }

  /** Begins to limit a stream's wait, unless that has begun already. */
  begin(stream: number): void {
    if (this.#dueMs.has(stream)) return;
    if (this.#dueMs.size === 0) this.#watchdog.set(this.#limitMs);
    this.#dueMs.set(stream, this.#clock.monotonic() + this.#limitMs);
  }

  /** Ends the limit of a stream, if there is one. */
  end(stream: number): void {
    if (this.#dueMs.delete(stream) && this.#dueMs.size === 0) this.#watchdog.lift();
  }

  /** Lifts all limits. */
  stop(): void {
    this.#dueMs.clear();
    this.#watchdog.stop();
  }

  #expire(): void {
    const nowMs = this.#clock.monotonic();
    for (const [stream, dueMs] of this.#dueMs) {
      if (dueMs > nowMs) return this.#watchdog.set(dueMs - nowMs);
      this.#dueMs.delete(stream);
      this.#onExpired(stream);
    }
  }
}
