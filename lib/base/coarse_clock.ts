/**
 * A clock with cheap timers, for thousands of connections that each set several limits and reach
 * none: a timer is an entry in a set, and one timer of the clock behind serves them all.
 *
 * @module
 */
import type { Clock, Timer } from "./clock.ts";

/** The timers that fall due in one step. */
type Step = Set<{ readonly run: () => void }>;

/** Runs timers up to one step late, never early. */
export class CoarseClock implements Clock {
  readonly #clock: Clock;
  readonly #stepMs: number;
  /** By number: the step that ends at `number * stepMs` of the steady time. None is empty. */
  readonly #steps = new Map<number, Step>();
  #alarm: Timer | undefined;
  #alarmStep = Infinity;

  /** @param stepMs Milliseconds; how late a timer may be. */
  constructor(clock: Clock, stepMs: number) {
    this.#clock = clock;
    this.#stepMs = stepMs;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, run: () => void): Timer {
    const number = Math.ceil((this.#clock.monotonic() + delayMs) / this.#stepMs);
    const step: Step = this.#steps.get(number) ?? new Set();
    const timer = { run };
    step.add(timer);
    this.#steps.set(number, step);
    if (number < this.#alarmStep) this.#setAlarm(number);
    const cancel = () => {
      if (step.delete(timer) && step.size === 0) this.#drop(number);
    };
    return { cancel, [Symbol.dispose]: cancel };
  }

  /** An alarm for a step that is gone stays: moving it each time would cost what we save. */
  #drop(number: number): void {
    this.#steps.delete(number);
    if (this.#steps.size > 0) return;
    // But it must not keep the process alive for nobody.
    this.#alarm?.cancel();
    this.#alarmStep = Infinity;
  }

  #setAlarm(number: number): void {
    this.#alarm?.cancel();
    this.#alarmStep = number;
    const delayMs = number * this.#stepMs - this.#clock.monotonic();
    this.#alarm = this.#clock.after(Math.max(0, delayMs), () => this.#ring());
  }

  #ring(): void {
    this.#alarmStep = Infinity;
    const current = Math.floor(this.#clock.monotonic() / this.#stepMs);
    const due = [...this.#steps.keys()].filter((number) => number <= current);
    try {
      for (const number of due.sort((a, b) => a - b)) this.#run(number);
    } finally {
      const next = this.#steps.keys().reduce((least, number) => Math.min(least, number), Infinity);
      if (this.#steps.size > 0 && next < this.#alarmStep) this.#setAlarm(next);
    }
  }

  #run(number: number): void {
    const step = this.#steps.get(number);
    while (step !== undefined && step.size > 0) {
      const [timer] = step;
      step.delete(timer);
      if (step.size === 0) this.#steps.delete(number);
      timer.run();
    }
  }
}
