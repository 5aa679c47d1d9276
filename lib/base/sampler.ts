/**
 * Keeps a stranger from filling the log: a few lines per kind and period, then a count.
 *
 * @module
 */
import type { Clock } from "./clock.ts";

/** Lets through `burst` events per kind and period. Holds one record per kind; kinds are few and ours. */
export class Sampler {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #periodMs: number;
  readonly #kinds = new Map<string, { startedMs: number; seen: number }>();

  /** @param options `burst` events (default 5) per `periodMs` milliseconds (default 10 s). */
  constructor(clock: Clock, options: { burst?: number; periodMs?: number } = {}) {
    this.#clock = clock;
    this.#burst = options.burst ?? 5;
    this.#periodMs = options.periodMs ?? 10_000;
  }

  /**
   * Says whether this event may be logged.
   *
   * @returns undefined if not; else how many events of this kind were held back before it.
   */
  admit(kind: string): number | undefined {
    const nowMs = this.#clock.monotonic();
    let record = this.#kinds.get(kind);
    let heldBack = 0;
    if (record === undefined || nowMs - record.startedMs >= this.#periodMs) {
      heldBack = record === undefined ? 0 : Math.max(0, record.seen - this.#burst);
      record = { startedMs: nowMs, seen: 0 };
      this.#kinds.set(kind, record);
    }
    return ++record.seen <= this.#burst ? heldBack : undefined;
  }
}
