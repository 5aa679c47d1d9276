/**
 * Whether a server is up, from its checks: some results in a row turn it, so that one lost packet does
 * not. Starts as up. Pure.
 *
 * @module
 */

/** How many results in a row turn the state. */
export interface HealthThresholds {
  readonly rise: number;
  readonly fall: number;
}

/** The state of one server: up or down, neither is final. */
export class HealthState {
  #isDown: boolean;
  /** Results in a row that speak against the state. */
  #against = 0;

  /** @param isDown What is known from an earlier check of the same server. */
  constructor(isDown = false) {
    this.#isDown = isDown;
  }

  /** Whether the server is down. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** Notes a result. @returns Whether the state has turned by it. */
  note(isGood: boolean, { rise, fall }: HealthThresholds): boolean {
    if (isGood !== this.#isDown) {
      this.#against = 0;
      return false;
    }
    this.#against++;
    if (this.#against < (isGood ? rise : fall)) return false;
    this.#isDown = !this.#isDown;
    this.#against = 0;
    return true;
  }
}
