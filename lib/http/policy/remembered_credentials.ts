/**
 * Credentials that were found right a while ago, so that the requests of one page do not each check a
 * password. Keeps a keyed hash of them and nothing else; the key is one of this process. Bounded in
 * number and time.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { CREDENTIALS_REMEMBERED_MAX, CREDENTIALS_REMEMBERED_MS } from "../../base/limits.ts";
import type { CheckResult } from "./password_checks.ts";
import type { Credentials } from "./read_credentials.ts";

/** What a right password is remembered as. */
type Mark = string;

/** Remembers for the users of one route. */
export class RememberedCredentials {
  readonly #clock: Clock;
  readonly #key = randomBytes(32);
  /** Until when, in steady time; the oldest first. */
  readonly #right = new Map<Mark, number>();
  /** Checks that run: a page's requests come together, with the same credentials. */
  readonly #running = new Map<Mark, Promise<CheckResult>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#right.size;
  }

  /** Answers from memory, or by a check that is shared by all who show the same meanwhile. */
  verify(
    credentials: Credentials,
    check: () => Promise<CheckResult>,
  ): CheckResult | Promise<CheckResult> {
    const mark = this.#markOf(credentials);
    const untilMs = this.#right.get(mark);
    if (untilMs !== undefined && this.#clock.monotonic() < untilMs) {
      return { kind: "checked", isRight: true };
    }
    const running = this.#running.get(mark);
    if (running !== undefined) return running;
    const started = this.#check(mark, check);
    this.#running.set(mark, started);
    return started;
  }

  async #check(mark: Mark, check: () => Promise<CheckResult>): Promise<CheckResult> {
    try {
      const result = await check();
      if (result.kind === "checked" && result.isRight) this.#remember(mark);
      return result;
    } finally {
      this.#running.delete(mark);
    }
  }

  #remember(mark: Mark): void {
    this.#right.delete(mark);
    this.#right.set(mark, this.#clock.monotonic() + CREDENTIALS_REMEMBERED_MS);
    if (this.#right.size <= CREDENTIALS_REMEMBERED_MAX) return;
    const [oldest] = this.#right.keys();
    this.#right.delete(oldest);
  }

  /**
   * A name has no colon, so the two parts cannot be cut in another place. An HMAC would cost twice as
   * much on each request, and guard against who sees its output and chooses more input: nobody does.
   */
  #markOf({ name, password }: Credentials): Mark {
    const hash = createHash("sha256").update(this.#key).update(`${name}:`).update(password);
    return hash.digest("base64");
  }
}
