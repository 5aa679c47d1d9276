/**
 * A renewer with a certificate authority without a network, on a clock that a test moves.
 *
 * @module
 */
import type { Authority, AuthorityRequest } from "../../lib/acme/authority.ts";
import { AcmeError } from "../../lib/acme/acme_error.ts";
import type { RenewalInfo } from "../../lib/acme/renewal_info.ts";
import { Renewer } from "../../lib/acme/renewer.ts";
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { CertificateStore } from "../../lib/tls/certificate_store.ts";
import type { IssuedCertificate } from "../../lib/tls/issued_certificate.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryStore } from "./memory_store.ts";

/** Milliseconds. */
export const MINUTE_MS = 60_000;
/** Milliseconds. */
export const HOUR_MS = 60 * MINUTE_MS;
/** Milliseconds. */
export const DAY_MS = 24 * HOUR_MS;
/** The directory of {@linkcode FakeAuthority}. */
export const FAKE_DIRECTORY = "https://ca.example/dir";

/** A CA without a network: what a test says happens. */
export class FakeAuthority implements Authority {
  readonly directoryUrl = FAKE_DIRECTORY;
  readonly requests: AuthorityRequest[] = [];
  /** Moment of each request, milliseconds since 1970. */
  readonly times: number[] = [];
  underWay = 0;
  underWayMax = 0;
  asked = 0;
  isDisposed = false;
  lifetimeMs = 90 * DAY_MS;
  info: () => RenewalInfo | undefined = () => undefined;
  before: (request: AuthorityRequest) => Promise<void> = () => Promise.resolve();
  readonly #clock: FakeClock;
  #serial = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async issue(request: AuthorityRequest): Promise<IssuedCertificate> {
    this.requests.push(request);
    this.times.push(this.#clock.now());
    this.underWayMax = Math.max(this.underWayMax, ++this.underWay);
    try {
      await this.before(request);
      return this.make(request.hostname);
    } finally {
      this.underWay--;
    }
  }

  /** Made up: only dates, serial and id matter, unless it is loaded again. */
  make(hostname: string): IssuedCertificate {
    const now = this.#clock.now();
    const serial = `${++this.#serial}FFFFFF`;
    return {
      certificate: {
        certPem: `certificate ${serial}`,
        keyPem: "key",
        names: [hostname],
        notBeforeAt: now,
        notAfterAt: now + this.lifetimeMs,
        issuer: "CN=Fake",
        serial,
      },
      directory: FAKE_DIRECTORY,
      renewalId: `id.${serial}`,
    };
  }

  renewalInfo(): Promise<RenewalInfo | undefined> {
    this.asked++;
    return Promise.resolve().then(() => this.info());
  }

  [Symbol.dispose](): void {
    this.isDisposed = true;
  }
}

/** Makes what a process has, without starting anything. The renewer is stopped when it is disposed of. */
export function makeRenewerPlace(store = new MemoryStore()) {
  const clock = new FakeClock(Date.now());
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), now: () => clock.now() });
  const counters = new Counters();
  const random = { value: 0.5 };
  const authority = new FakeAuthority(clock);
  const certificates = new CertificateStore({ store, clock, log });
  const renewer = new Renewer({
    authority,
    store,
    certificates,
    clock,
    log,
    counters,
    random: () => random.value,
  });
  /** Begins with the stand-in in place, as the process does. */
  const start = async (...hostnames: string[]) => {
    for (const hostname of hostnames) await certificates.ensure({ kind: "auto", hostname });
    renewer.update(hostnames);
    await clock.advance(0);
  };
  /** Lets time pass as on a host that sleeps for most of it: few timers, so it is quick. */
  const steps = (stepMs: number) => async (count: number) => {
    for (let step = 0; step < count; step++) {
      clock.sleep(stepMs - 10 * MINUTE_MS);
      await clock.advance(10 * MINUTE_MS);
    }
  };
  const hours = steps(HOUR_MS);
  const days = steps(DAY_MS);
  return {
    hours,
    days,
    clock,
    lines,
    random,
    counters,
    authority,
    certificates,
    renewer,
    store,
    start,
    async [Symbol.asyncDispose]() {
      await renewer.stop();
      certificates[Symbol.dispose]();
    },
  };
}

/** Refuses as a CA that cannot reach port 80. */
export const refuse = (retryAfterMs?: number) => () =>
  Promise.reject(new AcmeError("problem", { type: "connection", detail: "refused", retryAfterMs }));
