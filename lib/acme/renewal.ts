/**
 * The certificate of one hostname over the years: got when it is missing or comes from another
 * directory, renewed when it is due, saved until that succeeds. A failure changes nothing that is in
 * force. Does I/O. Never ends by itself; whoever drives it calls `step` whenever `nextAt` has come.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { errorText } from "../base/failures.ts";
import {
  RENEWAL_INFO_PAUSE_MS,
  RENEWAL_LATEST_SHARE,
  SAVE_RETRY_MAX_MS,
  SAVE_RETRY_MS,
} from "../base/certificate_limits.ts";
import type { Log, LogFields } from "../base/log.ts";
import type { Store } from "../state/store.ts";
import type { CertificateStore } from "../tls/certificate_store.ts";
import type { IssuedCertificate } from "../tls/issued_certificate.ts";
import type { Authority } from "./authority.ts";
import { type Backoff, openBackoff } from "./backoff.ts";
import { adviseFailure } from "./failure_advice.ts";
import { chooseMoment, quietMs, renewalDueAt } from "./renewal_time.ts";

/** What renewals work with. */
export interface RenewalOptions {
  readonly authority: Authority;
  readonly store: Store;
  readonly certificates: CertificateStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** 0 to 1. */
  readonly random: () => number;
}

/** What the CA suggests for one certificate. */
interface Suggestion {
  readonly serial: string;
  /** Undefined if it suggests nothing. */
  readonly chosenAt: number | undefined;
  readonly askAgainAt: number;
}

/** See the module. */
export class Renewal {
  readonly hostname: string;
  readonly #options: RenewalOptions;
  /** Set once the state has been read. */
  #backoff: Backoff | undefined;
  #suggestion: Suggestion | undefined;
  /** When to save again what could not be saved. */
  #saveAt = Infinity;
  #savePauseMs = SAVE_RETRY_MS;
  /** Steady time in milliseconds before which nothing is ordered again after a success. */
  #quietUntilMs = 0;
  /** Nothing is done before: after trouble that is neither the CA's nor the disk's. */
  #restUntilAt = 0;

  constructor(hostname: string, options: RenewalOptions) {
    this.hostname = hostname;
    this.#options = options;
  }

  /** When there is something to do: milliseconds since 1970, possibly past. */
  get nextAt(): number {
    if (this.#backoff === undefined) return this.#restUntilAt;
    const earliest = Math.min(this.#saveAt, this.#askAt, this.#attemptAt);
    return Math.max(this.#restUntilAt, earliest);
  }

  /** Does what is to be done now, and logs how it went. Throws nothing. */
  async step(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    try {
      this.#backoff ??= await this.#load();
      if (this.#saveAt <= clock.now()) await this.#save();
      if (this.#askAt <= clock.now()) await this.#ask(signal);
      if (this.#attemptAt <= clock.now()) await this.#attempt(this.#backoff, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#restUntilAt = clock.now() + SAVE_RETRY_MS;
      const { reason, hint } = adviseFailure(error, this.hostname);
      log.error("Cannot look after a certificate", this.#fields({ error: reason, hint }));
    }
  }

  get #issued(): IssuedCertificate | undefined {
    return this.#options.certificates.issued(this.hostname);
  }

  /** Whether what is in force comes from the directory that is configured. */
  #isOurs(issued: IssuedCertificate | undefined): issued is IssuedCertificate {
    return issued?.directory === this.#options.authority.directoryUrl;
  }

  get #dueAt(): number {
    const issued = this.#issued;
    if (!this.#isOurs(issued)) return 0;
    return renewalDueAt(issued.certificate, this.#suggestionFor(issued)?.chosenAt);
  }

  get #attemptAt(): number {
    const { clock } = this.#options;
    const quietAt = clock.now() + this.#quietUntilMs - clock.monotonic();
    return Math.max(this.#dueAt, this.#backoff?.nextAt ?? 0, quietAt);
  }

  /** When to ask the CA for its suggestion. */
  get #askAt(): number {
    const issued = this.#issued;
    if (!this.#isOurs(issued) || issued.renewalId === undefined) return Infinity;
    return this.#suggestionFor(issued)?.askAgainAt ?? 0;
  }

  #suggestionFor({ certificate }: IssuedCertificate): Suggestion | undefined {
    return this.#suggestion?.serial === certificate.serial ? this.#suggestion : undefined;
  }

  async #load(): Promise<Backoff> {
    const { authority, certificates } = this.#options;
    const loaded = await certificates.ensure({ kind: "auto", hostname: this.hostname });
    if (loaded.kind === "problem") throw new Error(loaded.problem);
    const { hostname } = this;
    return await openBackoff({ ...this.#options, hostname, directoryUrl: authority.directoryUrl });
  }

  /** Without a suggestion the certificate's life decides, so a failure is no trouble. */
  async #ask(signal: AbortSignal): Promise<void> {
    const { authority, clock, log, random } = this.#options;
    const { certificate: { serial }, renewalId } = this.#issued!;
    const before = this.#suggestion?.serial === serial ? this.#suggestion.chosenAt : undefined;
    const keep = (chosenAt: number | undefined, pauseMs: number) => {
      this.#suggestion = { serial, chosenAt, askAgainAt: clock.now() + pauseMs };
    };
    try {
      const info = await authority.renewalInfo(renewalId!, signal);
      if (info === undefined) return keep(undefined, RENEWAL_INFO_PAUSE_MS);
      // A moment that was chosen stands while it is in the window, or each look would choose anew.
      const isStanding = before !== undefined && before >= info.startAt && before <= info.endAt;
      keep(isStanding ? before : chooseMoment(info, random), info.pauseMs);
    } catch (error) {
      signal.throwIfAborted();
      keep(before, RENEWAL_INFO_PAUSE_MS);
      const fields = this.#fields({ error: errorText(error) });
      log.warn("Cannot ask when to renew; going by the certificate's life", fields);
    }
  }

  async #attempt(backoff: Backoff, signal: AbortSignal): Promise<void> {
    const { authority, certificates, clock, counters, log } = this.#options;
    const before = this.#issued;
    log.info("Ordering a certificate", this.#fields({ reason: this.#reason(before) }));
    await backoff.begin();
    try {
      const replaces = this.#isOurs(before) ? before.renewalId : undefined;
      const issued = await authority.issue({ hostname: this.hostname, replaces, signal });
      // First in force, then saved: a full disk must not keep it from being served.
      certificates.replaceIssued(this.hostname, issued);
      this.#quietUntilMs = clock.monotonic() + quietMs(issued.certificate);
      counters.add("acme_issued");
      this.#logIssued(issued);
    } catch (error) {
      signal.throwIfAborted();
      await this.#fail(error, backoff);
      return;
    }
    await backoff.succeed();
    await this.#save();
  }

  #reason(before: IssuedCertificate | undefined): string {
    if (before === undefined) return "there is none";
    return this.#isOurs(before) ? "it is due" : "another directory is configured";
  }

  #logIssued({ certificate }: IssuedCertificate): void {
    const { issuer, notAfterAt } = certificate;
    const expires = new Date(notAfterAt).toISOString();
    this.#options.log.info("Certificate issued", this.#fields({ issuer, expires }));
  }

  async #fail(error: unknown, backoff: Backoff): Promise<void> {
    const { counters, log } = this.#options;
    counters.add("acme_failures");
    const { reason, hint, retryAfterMs } = adviseFailure(error, this.hostname);
    await backoff.fail(retryAfterMs);
    const fields = this.#fields({
      error: reason,
      hint,
      attempt: backoff.attempts,
      next: new Date(backoff.nextAt).toISOString(),
    });
    if (this.#isInDanger()) log.error("Cannot get a certificate", fields);
    else log.warn("Cannot renew a certificate; the old one stays in force", fields);
  }

  /** Whether clients are, or will soon be, without a certificate they trust. */
  #isInDanger(): boolean {
    const issued = this.#issued;
    if (issued === undefined) return true;
    const { notBeforeAt, notAfterAt } = issued.certificate;
    const lateAt = notBeforeAt + (notAfterAt - notBeforeAt) * RENEWAL_LATEST_SHARE;
    return this.#options.clock.now() >= lateAt;
  }

  /** Until it is saved, a restart would order it again. */
  async #save(): Promise<void> {
    const { certificates, clock, log } = this.#options;
    const isAgain = this.#saveAt !== Infinity;
    try {
      await certificates.save(this.hostname);
      this.#saveAt = Infinity;
      this.#savePauseMs = SAVE_RETRY_MS;
      if (isAgain) log.info("Certificate saved at last", this.#fields({}));
    } catch (error) {
      this.#saveAt = clock.now() + this.#savePauseMs;
      this.#savePauseMs = Math.min(2 * this.#savePauseMs, SAVE_RETRY_MAX_MS);
      const { reason, hint } = adviseFailure(error, this.hostname);
      const sentence = "Cannot save a certificate; it is served from memory until that succeeds";
      log.error(sentence, this.#fields({ error: reason, hint }));
    }
  }

  #fields(fields: LogFields): LogFields {
    return { hostname: this.hostname, ...fields };
  }
}
