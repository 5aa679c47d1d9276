/**
 * A time limit on a phase of a connection: when it is over, the connection is closed, which makes
 * every pending read and write on it fail, and the deadline remembers that it was the cause.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";

/** Runs an action once unless it is disposed of first. */
export class Deadline implements Disposable {
  #passed = false;
  readonly #timer: Timer;

  /** @param delayMs Milliseconds from now. */
  constructor(clock: Clock, delayMs: number, action: () => void) {
    this.#timer = clock.after(delayMs, () => {
      this.#passed = true;
      action();
    });
  }

  /** Whether the action has run. */
  get passed(): boolean {
    return this.#passed;
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }
}
