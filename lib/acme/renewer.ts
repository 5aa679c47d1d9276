/**
 * Drives the renewals of all hostnames by a timer in this process: a few at a time, each when it is
 * due. Does no I/O itself. States: running, stopped (terminal).
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import {
  ACME_ORDERS_MAX,
  CLOCK_LOOK_MAX_MS,
  RENEWER_STEP_PAUSE_MIN_MS,
} from "../base/certificate_limits.ts";
import { AcmeAuthority, type AcmeAuthorityOptions } from "./authority.ts";
import { Renewal, type RenewalOptions } from "./renewal.ts";

/** What the process hands over. */
export interface StartRenewerOptions
  extends AcmeAuthorityOptions, Omit<RenewalOptions, "authority" | "random"> {
  /** Normalized hostnames whose certificate is `auto`. */
  readonly hostnames: readonly string[];
  /** Stops the renewer when it is aborted. */
  readonly signal?: AbortSignal;
  /** 0 to 1. Default `Math.random`. */
  readonly random?: () => number;
}

/**
 * Starts to get and renew certificates. Whatever is missing is ordered at once. With another `config`
 * it takes another renewer, after this one was stopped.
 */
export function startRenewer(options: StartRenewerOptions): Renewer {
  const authority = new AcmeAuthority(options);
  const renewer = new Renewer({ ...options, authority, random: options.random ?? Math.random });
  options.signal?.addEventListener("abort", () => void renewer.stop(), { once: true });
  if (options.signal?.aborted) void renewer.stop();
  else renewer.update(options.hostnames);
  return renewer;
}

/** One hostname in the care of the renewer. */
interface Ward {
  readonly renewal: Renewal;
  readonly abort: AbortController;
  isRunning: boolean;
  /** Steady time in milliseconds before which it does not run again, whatever dates say. */
  restUntilMs: number;
}

/** See the module. */
export class Renewer {
  readonly #options: RenewalOptions;
  readonly #clock: Clock;
  readonly #wards = new Map<string, Ward>();
  /** Steps under way, those of hostnames that were removed included. */
  readonly #steps = new Set<Promise<void>>();
  #timer: Timer | undefined;
  #stopped: Promise<void> | undefined;

  /** @param options The authority belongs to the renewer from now on. */
  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  /** Replaces the hostnames, for instance after a reload. Orders for those removed are given up. */
  update(hostnames: readonly string[]): void {
    if (this.#stopped !== undefined) return;
    const wanted = new Set(hostnames);
    for (const [hostname, ward] of this.#wards) {
      if (wanted.has(hostname)) continue;
      ward.abort.abort();
      this.#wards.delete(hostname);
    }
    for (const hostname of wanted) {
      if (!this.#wards.has(hostname)) this.#wards.set(hostname, this.#makeWard(hostname));
    }
    this.#drive();
  }

  /** Gives up what is under way, and waits until that has ended. */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stopAll();
  }

  async #stopAll(): Promise<void> {
    this.#timer?.cancel();
    for (const ward of this.#wards.values()) ward.abort.abort();
    this.#wards.clear();
    await Promise.all(this.#steps);
    this.#options.authority[Symbol.dispose]();
  }

  #makeWard(hostname: string): Ward {
    return {
      renewal: new Renewal(hostname, this.#options),
      abort: new AbortController(),
      isRunning: false,
      restUntilMs: 0,
    };
  }

  /** Starts what is due, as far as there is room, and sets the timer for what is due next. */
  #drive(): void {
    this.#timer?.cancel();
    if (this.#stopped !== undefined) return;
    const idle = [...this.#wards.values()].filter((ward) => !ward.isRunning)
      .map((ward) => ({ ward, delayMs: this.#delayMs(ward) }))
      .sort((one, other) => one.delayMs - other.delayMs);
    for (const { ward, delayMs } of idle) {
      // With no room left, the end of a step drives on.
      if (this.#steps.size >= ACME_ORDERS_MAX) return;
      if (delayMs > 0) {
        const cutMs = Math.min(delayMs, CLOCK_LOOK_MAX_MS);
        this.#timer = this.#clock.after(cutMs, () => this.#drive());
        return;
      }
      this.#start(ward);
    }
  }

  #delayMs({ renewal, restUntilMs }: Ward): number {
    const dueMs = renewal.nextAt - this.#clock.now();
    return Math.max(0, dueMs, restUntilMs - this.#clock.monotonic());
  }

  #start(ward: Ward): void {
    ward.isRunning = true;
    const step = ward.renewal.step(ward.abort.signal).finally(() => {
      ward.isRunning = false;
      ward.restUntilMs = this.#clock.monotonic() + RENEWER_STEP_PAUSE_MIN_MS;
      this.#steps.delete(step);
      this.#drive();
    });
    this.#steps.add(step);
  }
}
