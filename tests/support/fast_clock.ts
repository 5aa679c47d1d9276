/**
 * A clock that runs faster than the host's, for code that waits between real requests.
 *
 * @module
 */
import { type Clock, systemClock } from "../../lib/base/clock.ts";

/** Makes a clock on which `speed` seconds pass in one second. It begins at the real time of day. */
export function fastClock(speed: number): Clock {
  const startedMs = performance.now();
  const startAt = Date.now();
  const monotonic = () => (performance.now() - startedMs) * speed;
  return {
    now: () => startAt + monotonic(),
    monotonic,
    after: (delayMs, run) => systemClock.after(delayMs / speed, run),
  };
}
