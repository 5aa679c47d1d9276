/**
 * Requests that come as they come, whether earlier ones have been answered or not: `rate` of them per
 * second, in a batch per millisecond, and a connection each for as long as it takes. A latency counts
 * from the moment at which the request was due, so that waiting for a free connection is part of it (a
 * proxy that stands still for 100 ms has that many late answers, not one). What else runs on the machine
 * disturbs one window of time or another, what the proxy does to itself disturbs them all: latencies
 * are kept by window. Pure but for the time.
 *
 * @module
 */
import { Latencies } from "./latencies.ts";

/** More requests than this waiting for a connection means that the rate is not held. */
const WAITING_MAX = 100_000;

/** The runtime's timers go by milliseconds. */
const TICK_MS = 1;

/** How a load is put. */
export interface OpenLoopOptions {
  /** Requests per second, above 0. */
  readonly rate: number;
  /** One entry of the result each. */
  readonly windowMs: number;
  /** The first one is left out of the result: connections and compiled code are new. */
  readonly windows: number;
}

/** Something that makes one request at a time. */
export interface Requester {
  exchange(): Promise<void>;
}

/**
 * Puts the load and returns the latencies by the window in which requests were due.
 *
 * @throws {Error} If a request fails, or the rate is so far above what is served that the rest of the
 * run would say nothing.
 */
export async function runOpenLoop(
  requesters: readonly Requester[],
  options: OpenLoopOptions,
): Promise<Latencies[]> {
  const loop = new OpenLoop(requesters, options);
  await loop.run();
  return loop.windows.slice(1);
}

class OpenLoop {
  readonly windows: readonly Latencies[];
  readonly #idle: Requester[];
  readonly #waiting: number[] = [];
  readonly #options: OpenLoopOptions;
  readonly #startedAt = performance.now();
  readonly #failed = Promise.withResolvers<never>();
  readonly #done = Promise.withResolvers<void>();
  #due = 0;
  #answered = 0;
  #isOver = false;

  constructor(requesters: readonly Requester[], options: OpenLoopOptions) {
    this.#idle = [...requesters];
    this.#options = options;
    this.windows = Array.from({ length: options.windows }, () => new Latencies());
  }

  async run(): Promise<void> {
    const timer = setInterval(() => this.#tick(), TICK_MS);
    try {
      await Promise.race([this.#done.promise, this.#failed.promise]);
    } finally {
      clearInterval(timer);
    }
  }

  /** Adds what has become due since the last one. */
  #tick(): void {
    const now = performance.now();
    const { rate, windowMs, windows } = this.#options;
    const durationMs = windowMs * windows;
    const elapsedMs = Math.min(now - this.#startedAt, durationMs);
    for (const wanted = Math.floor(elapsedMs * rate / 1_000); this.#due < wanted; this.#due++) {
      this.#waiting.push(now);
    }
    this.#isOver = elapsedMs >= durationMs;
    if (this.#waiting.length > WAITING_MAX) {
      this.#failed.reject(new Error(`${rate.toFixed(0)} requests per second are not served`));
    }
    while (this.#waiting.length > 0 && this.#idle.length > 0) void this.#serve(this.#idle.pop()!);
    this.#endIfOver();
  }

  /** Takes what waits, until nothing does. */
  async #serve(requester: Requester): Promise<void> {
    try {
      for (let dueAt = this.#waiting.shift(); dueAt !== undefined; dueAt = this.#waiting.shift()) {
        await requester.exchange();
        this.#answered++;
        this.#windowOf(dueAt).add(performance.now() - dueAt);
      }
    } catch (error) {
      this.#failed.reject(error);
    }
    this.#idle.push(requester);
    this.#endIfOver();
  }

  /** What is due at the very end, or after it since the timer was late, belongs to the last one. */
  #windowOf(dueAt: number): Latencies {
    const index = Math.floor((dueAt - this.#startedAt) / this.#options.windowMs);
    return this.windows[Math.min(index, this.windows.length - 1)];
  }

  #endIfOver(): void {
    if (this.#isOver && this.#answered === this.#due) this.#done.resolve();
  }
}
