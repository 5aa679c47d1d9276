/**
 * Time as a value that can be handed over, so that tests move it instead of sleeping.
 *
 * @module
 */

/** A timer that has been set; disposing of it cancels it, also after it has run. */
export interface Timer extends Disposable {
  cancel(): void;
}

/** The time of day, a steady time, and timers. */
export interface Clock {
  /** Milliseconds since 1970; may jump when the host's clock is set. For certificates and logs. */
  now(): number;
  /** Milliseconds since some moment; never jumps. For every time limit. */
  monotonic(): number;
  /**
   * Calls `run` once, not before `delayMs` milliseconds have passed.
   *
   * @param delayMs 0 to {@linkcode TIMER_MAX_MS}; more is cut to it.
   */
  after(delayMs: number, run: () => void): Timer;
}

/** The longest delay `setTimeout` can hold (a signed 32-bit count of milliseconds, 24.8 days). */
export const TIMER_MAX_MS = 2 ** 31 - 1;

/** The host's clock. Its timers keep the process alive until they have run or are cancelled. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const id = setTimeout(run, Math.min(delayMs, TIMER_MAX_MS));
    const cancel = () => clearTimeout(id);
    return { cancel, [Symbol.dispose]: cancel };
  },
};
