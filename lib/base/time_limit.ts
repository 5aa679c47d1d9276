/**
 * A limit on a wait whose work cannot be stopped: whoever waits goes on when the time is over, and
 * what the work still brings is given back.
 *
 * @module
 */
import type { Clock } from "./clock.ts";

/** The time is over. */
export class TimeLimitError extends Error {
  override readonly name = "TimeLimitError";
}

/** How long to wait and what to do with a result that nobody waits for any more. */
export interface TimeLimit<T> {
  readonly clock: Clock;
  /** Milliseconds from now. */
  readonly timeoutMs: number;
  /** Ends the wait early. */
  readonly signal?: AbortSignal;
  /** Takes a result that came too late: closes or releases it. Must not throw. */
  readonly discard: (late: T) => void;
}

/**
 * Waits for `work`, but not for ever.
 *
 * @returns What `work` brings in time.
 * @throws {TimeLimitError} If the time is over first.
 * @throws {unknown} The signal's reason if that is aborted first; whatever `work` rejects with.
 */
export function withTimeLimit<T>(work: Promise<T>, limit: TimeLimit<T>): Promise<T> {
  const { clock, timeoutMs, signal, discard } = limit;
  return new Promise((resolve, reject) => {
    let isWaiting = true;
    const stop = () => {
      isWaiting = false;
      timer.cancel();
      signal?.removeEventListener("abort", abort);
    };
    const give = (up: unknown) => {
      stop();
      reject(up);
    };
    const abort = () => give(signal?.reason);
    const timer = clock.after(timeoutMs, () => {
      give(new TimeLimitError(`no answer within ${timeoutMs} ms`));
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort);
    work.then((result) => {
      if (!isWaiting) return discard(result);
      stop();
      resolve(result);
    }, (error) => {
      // A failure that comes too late has nobody to tell it to; the wait's own has been reported.
      if (isWaiting) give(error);
    });
  });
}
