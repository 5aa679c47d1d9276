/**
 * How many answers are compressed at one time, in all routes: each takes memory for as long as its
 * client takes to read it.
 *
 * @module
 */
import { COMPRESSIONS_MAX } from "../../base/limits.ts";

/** One of the places. Releasing it again does nothing. */
export interface CompressionSlot {
  release(): void;
}

/** Hands out places, one for the whole process. */
export class CompressionSlots {
  #taken = 0;

  /** How many are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** @returns undefined if there is none. */
  take(): CompressionSlot | undefined {
    if (this.#taken >= COMPRESSIONS_MAX) return undefined;
    this.#taken++;
    let isHeld = true;
    return {
      release: () => {
        if (isHeld) this.#taken--;
        isHeld = false;
      },
    };
  }
}
