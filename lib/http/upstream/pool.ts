/**
 * Idle connections, by key, for the next request to the same server. A connection that the server
 * closes, or on which it sends what nobody asked for, leaves at once; the others leave when they have
 * waited too long or when there are too many, the oldest first.
 *
 * Closes what it holds; what it has given away is closed by whoever has it.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { POOL_IDLE_MAX, POOL_IDLE_TIMEOUT_MS, POOL_IDLE_TOTAL_MAX } from "../../base/limits.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";

/** How many connections may wait, and for how long. */
export interface PoolOptions {
  readonly clock: Clock;
  /** For one key. Default {@linkcode POOL_IDLE_MAX}. */
  readonly idleMax?: number;
  /** For all keys together. Default {@linkcode POOL_IDLE_TOTAL_MAX}. */
  readonly idleTotalMax?: number;
  /** Milliseconds. Default {@linkcode POOL_IDLE_TIMEOUT_MS}. */
  readonly idleTimeoutMs?: number;
}

interface Idle {
  readonly key: string;
  readonly connection: UpstreamConnection;
  readonly sinceMs: number;
}

/** Holds idle connections. */
export class Pool {
  readonly #clock: Clock;
  readonly #idleMax: number;
  readonly #idleTotalMax: number;
  readonly #idleTimeoutMs: number;
  /** Per key, the one that came last at the end. */
  readonly #byKey = new Map<string, Idle[]>();
  /** All, the oldest first. */
  readonly #all = new Set<Idle>();
  #sweepTimer: Timer | undefined;

  constructor(options: PoolOptions) {
    this.#clock = options.clock;
    this.#idleMax = options.idleMax ?? POOL_IDLE_MAX;
    this.#idleTotalMax = options.idleTotalMax ?? POOL_IDLE_TOTAL_MAX;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? POOL_IDLE_TIMEOUT_MS;
  }

  /** How many connections wait. */
  get size(): number {
    return this.#all.size;
  }

  /** Gives away the connection that has waited shortest: the likeliest to be alive. */
  take(key: string): UpstreamConnection | undefined {
    const idle = this.#byKey.get(key)?.at(-1);
    if (idle === undefined) return undefined;
    this.#remove(idle);
    idle.connection.wake();
    return idle.connection;
  }

  /** Takes a connection whose last exchange is complete, with nothing left to read. */
  put(key: string, connection: UpstreamConnection): void {
    const idle: Idle = { key, connection, sinceMs: this.#clock.monotonic() };
    const others = this.#byKey.get(key);
    if (others === undefined) this.#byKey.set(key, [idle]);
    else others.push(idle);
    this.#all.add(idle);
    connection.watchIdle(() => this.#discard(idle));
    if (others !== undefined && others.length > this.#idleMax) this.#discard(others[0]);
    if (this.#all.size > this.#idleTotalMax) this.#discard(first(this.#all));
    this.#sweepTimer ??= this.#clock.after(this.#idleTimeoutMs, () => this.#sweep());
  }

  /** Closes every connection that waits. */
  close(): void {
    this.#sweepTimer?.cancel();
    this.#sweepTimer = undefined;
    for (const idle of [...this.#all]) this.#discard(idle);
  }

  #sweep(): void {
    this.#sweepTimer = undefined;
    const nowMs = this.#clock.monotonic();
    for (const idle of this.#all) {
      const leftMs = idle.sinceMs + this.#idleTimeoutMs - nowMs;
      if (leftMs > 0) {
        this.#sweepTimer = this.#clock.after(leftMs, () => this.#sweep());
        return;
      }
      this.#discard(idle);
    }
  }

  #discard(idle: Idle): void {
    this.#remove(idle);
    idle.connection.close();
  }

  #remove(idle: Idle): void {
    this.#all.delete(idle);
    const others = this.#byKey.get(idle.key);
    const index = others?.lastIndexOf(idle) ?? -1;
    if (others === undefined || index < 0) return;
    others.splice(index, 1);
    if (others.length === 0) this.#byKey.delete(idle.key);
  }
}

function first<Item>(items: Iterable<Item>): Item {
  for (const item of items) return item;
  throw new RangeError("Cannot take the first of no items");
}
