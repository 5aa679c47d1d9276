/**
 * How long to leave a CA alone after failed attempts for a hostname. Kept in the store, so that a
 * process that is started over and over does not use up the CA's limits. Does I/O.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { errorText } from "../base/failures.ts";
import {
  ACME_BACKOFF_JITTER,
  ACME_BACKOFF_MS,
  ACME_RETRY_AFTER_MAX_MS,
} from "../base/certificate_limits.ts";
import type { Log } from "../base/log.ts";
import { type Parsed, readParsed } from "../state/read_parsed.ts";
import { hostnameSegment } from "../state/state_name.ts";
import type { Store } from "../state/store.ts";
import { parseJson } from "./acme_error.ts";

/** What a back-off works with. */
export interface BackoffOptions {
  /** Normalized. */
  readonly hostname: string;
  /** Failures with one directory say nothing about another. */
  readonly directoryUrl: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 to 1. */
  readonly random: () => number;
}

const RecordSchema = z.object({
  directory: z.string(),
  /** Attempts since the last success, one under way included. */
  attempts: z.int().min(0),
  /** No further attempt before: milliseconds since 1970. */
  nextAt: z.number(),
});
type BackoffRecord = z.infer<typeof RecordSchema>;

/** Returns the name in the store. */
export function backoffName(hostname: string): string {
  return `backoff/${hostnameSegment(hostname)}.json`;
}

/** Loads what earlier attempts left. @throws {StateError} If it cannot be read. */
export async function openBackoff(options: BackoffOptions): Promise<Backoff> {
  const { store, hostname, directoryUrl, clock } = options;
  const record = await readParsed(store, backoffName(hostname), parseRecord);
  if (record === undefined || record.directory !== directoryUrl) return new Backoff(options);
  // If the host's clock was wrong when it was written, it may lie years ahead.
  const nextAt = Math.min(record.nextAt, clock.now() + ACME_RETRY_AFTER_MAX_MS);
  return new Backoff(options, { ...record, nextAt });
}

/** The attempts for one hostname with one directory. */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempts: number;
  #nextAt: number;

  constructor(options: BackoffOptions, record?: Pick<BackoffRecord, "attempts" | "nextAt">) {
    this.#options = options;
    this.#attempts = record?.attempts ?? 0;
    this.#nextAt = record?.nextAt ?? 0;
  }

  /** Attempts since the last success, one under way included. */
  get attempts(): number {
    return this.#attempts;
  }

  /** No attempt before: milliseconds since 1970. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /**
   * Notes an attempt before it is made. If the process ends in the middle, the first time costs
   * nothing; each further time costs as much as a failure.
   */
  async begin(): Promise<void> {
    this.#nextAt = this.#options.clock.now() + pauseMs(this.#attempts);
    this.#attempts++;
    await this.#save();
  }

  /** Notes that it failed. @param retryAfterMs What the CA asked for, in milliseconds. */
  async fail(retryAfterMs = 0): Promise<void> {
    const { clock, random } = this.#options;
    const ownMs = pauseMs(this.#attempts) * (1 + ACME_BACKOFF_JITTER * random());
    const askedMs = Math.min(retryAfterMs, ACME_RETRY_AFTER_MAX_MS);
    this.#nextAt = clock.now() + Math.max(ownMs, askedMs);
    await this.#save();
  }

  /** Notes that it succeeded. */
  async succeed(): Promise<void> {
    this.#attempts = 0;
    this.#nextAt = 0;
    await this.#keep(() => this.#options.store.remove(backoffName(this.#options.hostname)));
  }

  async #save(): Promise<void> {
    const { store, hostname, directoryUrl } = this.#options;
    const record: BackoffRecord = {
      directory: directoryUrl,
      attempts: this.#attempts,
      nextAt: this.#nextAt,
    };
    const bytes = new TextEncoder().encode(JSON.stringify(record) + "\n");
    await this.#keep(() => store.write(backoffName(hostname), bytes));
  }

  /** In this process it counts all the same; only a restart would not know of it. */
  async #keep(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      const { log, hostname } = this.#options;
      log.warn("Cannot keep the count of attempts", { hostname, error: errorText(error) });
    }
  }
}

/** @param failures In a row, from 0. */
function pauseMs(failures: number): number {
  if (failures === 0) return 0;
  return ACME_BACKOFF_MS[Math.min(failures, ACME_BACKOFF_MS.length) - 1];
}

function parseRecord(text: string): Parsed<BackoffRecord> {
  const parsed = RecordSchema.safeParse(parseJson(text));
  if (parsed.success) return { kind: "value", value: parsed.data };
  return { kind: "problem", problem: "not a record of attempts" };
}
