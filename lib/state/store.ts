/**
 * What must survive a restart, as bytes under names. Knows nothing of certificates or accounts; a
 * store that several machines share can take the place of the file store.
 *
 * @module
 */

/** Keeps bytes under names such as `certificates/app.example.org.pem`; see `checkStateName`. */
export interface Store {
  /**
   * Reads a whole value.
   *
   * @returns undefined if there is none.
   * @throws {StateError} If it is there and cannot be read.
   */
  read(name: string): Promise<Uint8Array | undefined>;

  /**
   * Replaces a value as a whole: after a crash there is the old one or the new one.
   *
   * @throws {StateError} If it could not be made to last; the old value is then still there.
   */
  write(name: string, bytes: Uint8Array): Promise<void>;

  /** Removes a value; it may be missing. @throws {StateError} If it is still there. */
  remove(name: string): Promise<void>;

  /** Lists the names that begin with `prefix`, sorted. @throws {StateError} If they are unreadable. */
  list(prefix: string): Promise<string[]>;

  /**
   * Takes a value that cannot be used out of the way without losing it, and logs that.
   *
   * @param reason What is wrong with it, for a person.
   * @returns Its new name.
   * @throws {StateError} If it could not be moved.
   */
  setAside(name: string, reason: string): Promise<string>;

  /**
   * Waits until nobody else holds the lock of this name, and takes it. Disposing of it gives it back.
   *
   * @param signal Ends the wait.
   * @throws {unknown} The signal's reason, if it ended the wait.
   */
  lock(name: string, signal: AbortSignal): Promise<Disposable>;
}
