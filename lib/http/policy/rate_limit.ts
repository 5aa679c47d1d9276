/**
 * Lets a client send so many requests and no more: a bucket that fills evenly (the leaky bucket as a
 * meter, GCRA). A client is one number, the moment at which its bucket is full again; it is forgotten
 * then. Bounded in memory, needs no timer.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { RATE_LIMIT_CLIENTS_MAX } from "../../base/limits.ts";
import type { RateLimitConfig } from "../../config/config.ts";
import type { Policy } from "../application.ts";
import { refuseRequest } from "../refusal.ts";
import { clientKey } from "./client_key.ts";

/** Counts the requests of clients. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #burstMs: number;
  /** When the bucket of a client is full, in steady time; who asked last stands last. */
  readonly #fullAtMs = new Map<string, number>();

  constructor({ requests, perMs, burst }: RateLimitConfig, clock: Clock) {
    this.#clock = clock;
    this.#intervalMs = perMs / requests;
    this.#burstMs = burst * this.#intervalMs;
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#fullAtMs.size;
  }

  /**
   * Takes one request out of a client's bucket.
   *
   * @returns 0 if there was one, else after how many milliseconds there will be.
   */
  take(client: string): number {
    const nowMs = this.#clock.monotonic();
    const fullAtMs = Math.max(nowMs, this.#fullAtMs.get(client) ?? 0) + this.#intervalMs;
    const waitMs = fullAtMs - nowMs - this.#burstMs;
    // Sums of fractions: a thousandth of a request is nobody's advantage.
    if (waitMs > this.#intervalMs / 1_000) return waitMs;
    this.#fullAtMs.delete(client);
    this.#fullAtMs.set(client, fullAtMs);
    this.#forget(nowMs);
    return 0;
  }

  /**
   * Forgets clients from the one that asked longest ago: two that are full again for each one that
   * comes, so that the table shrinks at no moment's cost; and one that is not if there is no room: who
   * has as many addresses has as many buckets anyway. One that is not full keeps those that asked after
   * it, for as long as its bucket takes to fill.
   */
  #forget(nowMs: number): void {
    let looked = 0;
    for (const [client, fullAtMs] of this.#fullAtMs) {
      const isFull = fullAtMs <= nowMs;
      if (!isFull && this.#fullAtMs.size <= RATE_LIMIT_CLIENTS_MAX) return;
      this.#fullAtMs.delete(client);
      if (++looked === 2) return;
    }
  }
}

/**
 * The rate limits of all routes. What they have counted outlives a reload for every limit that stays
 * as it was: same host, same path, same numbers.
 */
export class RateLimiters {
  readonly #clock: Clock;
  readonly #limiters = new Map<string, RateLimiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many limits there are. */
  get size(): number {
    return this.#limiters.size;
  }

  /** Returns the limiter of a limit, the one that it had if it is not new. */
  limiterOf(config: RateLimitConfig): RateLimiter {
    const key = keyOf(config);
    const limiter = this.#limiters.get(key) ?? new RateLimiter(config, this.#clock);
    this.#limiters.set(key, limiter);
    return limiter;
  }

  /** Forgets all limits but these, after a reload. */
  keepOnly(configs: Iterable<RateLimitConfig>): void {
    const kept = new Set(Array.from(configs, keyOf));
    for (const key of this.#limiters.keys()) {
      if (!kept.has(key)) this.#limiters.delete(key);
    }
  }
}

function keyOf({ scope, requests, perMs, burst }: RateLimitConfig): string {
  return JSON.stringify([scope, requests, perMs, burst]);
}

/** Makes the policy (RFC 6585 §4). */
export function limitRate(limiter: RateLimiter): Policy {
  return (exchange, next) => {
    const waitMs = limiter.take(clientKey(exchange.client.ip));
    if (waitMs === 0) return next();
    exchange.body?.cancel();
    return refuseRequest(exchange, {
      status: 429,
      reason: "Too many requests: wait a moment",
      counter: "requests_rate_limited",
      headers: [["Retry-After", String(Math.ceil(waitMs / 1_000))]],
    });
  };
}
