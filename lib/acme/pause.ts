/**
 * Waits that a signal can end.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

/**
 * Waits `delayMs` milliseconds.
 *
 * @throws {unknown} The signal's reason, if it is aborted first.
 */
export async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  using _timer = clock.after(delayMs, resolve);
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
