/**
 * Ends a hop on which nothing is asked, by the limits of its route: a terminator, shared by many routes,
 * does not know them. No idle limit sees a client that drips header bytes, for bytes do flow; but a
 * request is counted in the address book only once its head is complete.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { RELAY_IDLE_TIMEOUT_MS } from "../../base/limits.ts";
import type { AddressBook } from "../../hop/address_book.ts";
import type { HopLease } from "../relay_engine.ts";

/** What is watched, and what happens when it stands still. */
export interface WatchRequestsOptions {
  readonly book: AddressBook;
  readonly clock: Clock;
  /** Has the limits: until the first request, and between two. */
  readonly lease: HopLease;
  readonly expire: () => void;
  /**
   * Whether the client is slow in taking what it was sent: its last answer is over for the HTTP plane,
   * and may not be cut off. Asked up to {@linkcode RELAY_IDLE_TIMEOUT_MS} after that.
   */
  readonly isTaking?: () => boolean;
}

/** Calls `expire` once no request has been in flight for too long. Disposing of it ends the watch. */
export function watchRequests(slot: number, options: WatchRequestsOptions): Disposable {
  const { book, clock, lease, expire, isTaking = () => false } = options;
  let timer = clock.after(lease.headerTimeoutMs, look);
  function look(): void {
    const { requests, inFlight, idleMs } = book.usage(slot, clock.monotonic());
    const limitMs = requests === 0 ? lease.headerTimeoutMs : lease.keepAliveTimeoutMs;
    const isSpared = requests > 0 && idleMs < RELAY_IDLE_TIMEOUT_MS && isTaking();
    if (inFlight === 0 && idleMs >= limitMs && !isSpared) expire();
    else timer = clock.after(idleMs < limitMs ? limitMs - idleMs : limitMs, look);
  }
  return { [Symbol.dispose]: () => timer.cancel() };
}
