/**
 * The Date field (RFC 9110 §6.6.1), made once per second however many answers carry it. Does no I/O.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";

/** Tells the time of day as HTTP writes it. */
export class HttpDate {
  readonly #clock: Clock;
  #second = -1;
  #text = "";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The present second as an IMF-fixdate (RFC 9110 §5.6.7). */
  get text(): string {
    const second = Math.floor(this.#clock.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1_000).toUTCString();
    }
    return this.#text;
  }
}
