/**
 * A store in memory that a test can make fail.
 *
 * @module
 */
import { NameLocks } from "../../lib/state/name_locks.ts";
import { checkStateName } from "../../lib/state/state_name.ts";
import { StateError } from "../../lib/state/state_error.ts";
import type { Store } from "../../lib/state/store.ts";

/** A {@linkcode Store} whose content and faults are open to a test. */
export class MemoryStore implements Store {
  readonly values = new Map<string, Uint8Array>();
  readonly setAsideNames: string[] = [];
  /** How many writes were asked for, failed ones included. */
  writes = 0;
  /** Says whether a write of this name fails, as on a full disk. */
  failsToWrite: (name: string) => boolean = () => false;
  /** Says whether a read of this name fails, as for want of permission. */
  failsToRead: (name: string) => boolean = () => false;
  readonly #names = new NameLocks();

  read(name: string): Promise<Uint8Array | undefined> {
    return settle(() => {
      checkStateName(name);
      if (this.failsToRead(name)) throw fault("denied", name);
      return this.values.get(name)?.slice();
    });
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return settle(() => {
      checkStateName(name);
      this.writes++;
      if (this.failsToWrite(name)) throw fault("full", name);
      this.values.set(name, bytes.slice());
    });
  }

  remove(name: string): Promise<void> {
    return settle(() => {
      checkStateName(name);
      this.values.delete(name);
    });
  }

  list(prefix: string): Promise<string[]> {
    return settle(() => [...this.values.keys()].filter((name) => name.startsWith(prefix)).sort());
  }

  setAside(name: string, _reason: string): Promise<string> {
    return settle(() => {
      checkStateName(name);
      const value = this.values.get(name);
      if (value === undefined) throw fault("failed", name);
      const aside = `${name}.bad-${this.setAsideNames.length + 1}`;
      this.values.delete(name);
      this.values.set(aside, value);
      this.setAsideNames.push(aside);
      return aside;
    });
  }

  lock(name: string, signal: AbortSignal): Promise<Disposable> {
    return this.#names.acquire(name, signal);
  }

  /** Reads a value as text. */
  text(name: string): string | undefined {
    const value = this.values.get(name);
    return value === undefined ? undefined : new TextDecoder().decode(value);
  }

  /** Puts a text. */
  put(name: string, text: string): void {
    this.values.set(name, new TextEncoder().encode(text));
  }
}

function fault(kind: "full" | "denied" | "failed", name: string): StateError {
  return new StateError(kind, `Cannot use "${name}": ${kind}`, { path: name, hint: "a test" });
}

/** Answers as late as a disk does, so that nobody relies on more. */
async function settle<T>(run: () => T): Promise<T> {
  await Promise.resolve();
  return run();
}
