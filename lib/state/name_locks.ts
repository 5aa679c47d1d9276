/**
 * Mutual exclusion by name within one process, first come, first served. Does no I/O.
 *
 * @module
 */

/** Locks that exist while somebody holds or awaits them. */
export class NameLocks {
  /** Per name a promise that is fulfilled when the last in the queue has given the lock back. */
  readonly #queues = new Map<string, Promise<void>>();

  /**
   * Waits for the lock of `name` and takes it.
   *
   * @returns Disposing of it gives the lock back; a second time does nothing.
   * @throws {unknown} The signal's reason, if it was aborted first.
   */
  async acquire(name: string, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    const before = this.#queues.get(name) ?? Promise.resolve();
    const held = Promise.withResolvers<void>();
    // Whoever gives up waiting still keeps his place until those before him are done.
    const done = Promise.all([before, held.promise]).then(() => {
      if (this.#queues.get(name) === done) this.#queues.delete(name);
    });
    this.#queues.set(name, done);
    try {
      await unlessAborted(before, signal);
    } catch (error) {
      held.resolve();
      throw error;
    }
    return { [Symbol.dispose]: held.resolve };
  }

  /** How many names are held or awaited. */
  get size(): number {
    return this.#queues.size;
  }
}

async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
