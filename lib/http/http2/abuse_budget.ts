/**
 * What a client may ask of a connection beside requests: frames that serve nothing cost something,
 * requests that are served and bytes that move earn it back, and so does time. A well-behaved client
 * never comes near its limit. Pure. Input comes from strangers.
 *
 * The attacks: CVE-2019-9511 (data dribble), 9512 (PING), 9513 (PRIORITY), 9514 and CVE-2023-44487
 * (RST_STREAM), 9515 (SETTINGS), 9518 (empty frames), CVE-2024-27316 (CONTINUATION).
 *
 * States: within -> exceeded (terminal: the connection is to be ended).
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { HTTP2_DEBT_MAX, HTTP2_DEBT_PAID_PER_SECOND_MAX } from "../../base/http2_limits.ts";
import { ERROR_CODE, Http2Error } from "./error_codes.ts";

/** What frames cost, in units of the budget. What is normal now and then has to be cheap. */
export const COST = {
  /** 2,000 at once; gRPC sends one per round trip at most while data flow. */
  ping: 10,
  /** 400 at once. Each is answered. */
  settings: 50,
  /** And for each open stream whose window it changes. */
  settingsStream: 1,
  /** PRIORITY, PRIORITY_UPDATE and what is unknown: parsed and ignored. */
  ignored: 10,
  /** Each lets one frame of DATA go, which earns more than this unless it is tiny. */
  windowUpdate: 10,
  /** Each DATA frame; 64 bytes pay for it. */
  data: 1,
  /** DATA that neither carries nor ends anything: 200 at once. */
  emptyData: 100,
  /** The client gives a request up: 1,000 at once, 100 per second for good. */
  reset: 20,
  /** We refuse or give up a stream, or ignore frames of one that is over. */
  refused: 20,
  /** A head over the limit, which was decoded all the same. */
  oversizedHead: 100,
} as const;

/** What is earned back. */
const EARNING = {
  /** By a request that was answered whole. */
  request: 20,
  /** By a read of a request's body that brought something. */
  read: 4,
  /** Bytes of a request's body per unit. */
  receivedBytes: 64,
  /** Bytes of an answer's body per unit: two WINDOW_UPDATE per 4 KiB are normal. */
  sentBytes: 128,
} as const;

/** Counts one connection's debt. */
export class AbuseBudget {
  readonly #clock: Clock;
  #debt = 0;
  #paidAtMs: number;

  /** @param clock Its steady time is looked at only when the budget seems to be used up. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#paidAtMs = clock.monotonic();
  }

  /**
   * Counts what a frame costs.
   *
   * @param what Names it, for the log.
   * @throws {Http2Error} `enhanceYourCalm` if it is too much.
   */
  spend(cost: number, what: string): void {
    this.#debt += cost;
    if (this.#debt <= HTTP2_DEBT_MAX) return;
    const nowMs = this.#clock.monotonic();
    this.#debt -= (nowMs - this.#paidAtMs) / 1_000 * HTTP2_DEBT_PAID_PER_SECOND_MAX;
    this.#paidAtMs = nowMs;
    if (this.#debt > HTTP2_DEBT_MAX) {
      throw new Http2Error(ERROR_CODE.enhanceYourCalm, `too many frames: ${what}`);
    }
    if (this.#debt < 0) this.#debt = 0;
  }

  /** Counts a request that was answered whole. */
  earnRequest(): void {
    this.#earn(EARNING.request);
  }

  /** Counts a read of a request's body. */
  earnRead(): void {
    this.#earn(EARNING.read);
  }

  /** Counts bytes of a request's body. */
  earnReceived(bytes: number): void {
    this.#earn(bytes / EARNING.receivedBytes);
  }

  /** Counts bytes of an answer's body. */
  earnSent(bytes: number): void {
    this.#earn(bytes / EARNING.sentBytes);
  }

  #earn(amount: number): void {
    this.#debt = this.#debt > amount ? this.#debt - amount : 0;
  }
}
