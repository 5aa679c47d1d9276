/**
 * Ends a wait: every wait of a test has a limit, and says what it waited for when it is over.
 *
 * @module
 */

/** A wait that took too long. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/**
 * Waits for `promise`, but not longer than `timeoutMs` milliseconds.
 *
 * @param describe Called when the time is over; returns what was waited for and what is known.
 * @throws {DeadlineError} If the time is over first. The promise's own outcome is then ignored.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeoutMs: number,
  describe: () => string,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new DeadlineError(`Not within ${timeoutMs} ms: ${describe()}`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
