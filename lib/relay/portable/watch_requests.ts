/**
 * Ends a hop on which nothing is asked. The HTTP runtime has no time limits of its own: a client
 * that drips header bytes would be held for ever, and since bytes do flow, no idle limit sees it.
 * But a request is counted in the address book only once its head is complete.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { AddressBook } from "../../hop/address_book.ts";
import type { HopLease } from "../relay_engine.ts";

/** What is watched, and what happens when it stands still. */
export interface WatchRequestsOptions {
  readonly book: AddressBook;
  readonly clock: Clock;
  /** Has the limits: until the first request, and between two. */
  readonly lease: HopLease;
  readonly expire: () => void;
}

/** Calls `expire` once no request has been in flight for too long. Disposing of it ends the watch. */
export function watchRequests(slot: number, options: WatchRequestsOptions): Disposable {
  const { book, clock, lease, expire } = options;
  let timer = clock.after(lease.headerTimeoutMs, look);
  function look(): void {
    const usage = book.usage(slot, clock.monotonic());
    const limitMs = usage.requests === 0 ? lease.headerTimeoutMs : lease.keepAliveTimeoutMs;
    if (usage.inFlight === 0 && usage.idleMs >= limitMs) expire();
    else timer = clock.after(Math.max(1, limitMs - usage.idleMs), look);
  }
  return { [Symbol.dispose]: () => timer.cancel() };
}
