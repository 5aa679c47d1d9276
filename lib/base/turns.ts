/**
 * Turns of the event loop for everybody else. The runtime looks for bytes at once when it is asked to
 * read, so a loop that reads what is always there resumes as a microtask each time: no timer fires and no
 * other connection is served for as long as its peer keeps sending.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { TURN_BYTES, TURN_STEPS_MAX } from "./limits.ts";

/** What a step costs at least: the work it brings need not depend on its bytes. */
const STEP_MIN_BYTES = TURN_BYTES / TURN_STEPS_MAX;

/** The turns that one loop gives. */
export class Turns {
  #leftBytes = TURN_BYTES;

  /**
   * Counts a step of the loop.
   *
   * @param bytes What it has moved.
   * @returns What to wait for before the next step; undefined while it may go on.
   */
  take(bytes: number): Promise<void> | undefined {
    this.#leftBytes -= Math.max(bytes, STEP_MIN_BYTES);
    if (this.#leftBytes > 0) return undefined;
    this.#leftBytes = TURN_BYTES;
    return new Promise((resolve) => setImmediate(resolve));
  }
}
