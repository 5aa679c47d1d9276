/**
 * How many passwords are checked at one time, and whose: each takes a thread and 16 MiB for a fifth of
 * a second, and anybody may ask for it. Shared by all routes. Holds what waits, and ends by itself.
 *
 * @module
 */
import {
  PASSWORD_CHECKS_MAX,
  PASSWORD_CHECKS_PER_CLIENT_MAX,
  PASSWORD_CHECKS_WAITING_MAX,
} from "../../base/limits.ts";

/** What came of a check. */
export type CheckResult =
  | { readonly kind: "checked"; readonly isRight: boolean }
  /** Too many wait, of this client or of all. */
  | { readonly kind: "busy"; readonly fault: "client" | "self" };

/** Runs checks in the order in which they come. */
export class PasswordChecks {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  /** Checks of each client that run or wait; none is zero. */
  readonly #byClient = new Map<string, number>();

  /** How many clients have a check that runs or waits. */
  get clients(): number {
    return this.#byClient.size;
  }

  /**
   * Runs a check when it is its turn.
   *
   * @param client Of whom only so many wait; a flood from one address keeps nobody else out.
   */
  async run(client: string, check: () => Promise<boolean>): Promise<CheckResult> {
    const own = this.#byClient.get(client) ?? 0;
    if (own >= PASSWORD_CHECKS_PER_CLIENT_MAX) return { kind: "busy", fault: "client" };
    if (this.#waiting.length >= PASSWORD_CHECKS_WAITING_MAX) return { kind: "busy", fault: "self" };
    this.#byClient.set(client, own + 1);
    try {
      await this.#turn();
      return { kind: "checked", isRight: await check() };
    } finally {
      this.#leave(client);
    }
  }

  /** Takes a place; it is handed on by {@linkcode PasswordChecks.#leave}. */
  #turn(): Promise<void> | undefined {
    if (this.#running < PASSWORD_CHECKS_MAX) {
      this.#running++;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #leave(client: string): void {
    const own = this.#byClient.get(client)! - 1;
    if (own === 0) this.#byClient.delete(client);
    else this.#byClient.set(client, own);
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
