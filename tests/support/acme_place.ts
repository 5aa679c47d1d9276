/**
 * A fake CA, a store and a client of both, on a clock on which pauses of seconds are gone in
 * milliseconds.
 *
 * @module
 */
import { ChallengesShown } from "../../lib/acme/challenges_shown.ts";
import { AcmeClient } from "../../lib/acme/client.ts";
import { issueCertificate } from "../../lib/acme/issuance.ts";
import { silentLog } from "../../lib/base/log.ts";
import type { IssuedCertificate } from "../../lib/tls/issued_certificate.ts";
import {
  type FakeAcmeOptions,
  type FakeAcmeServer,
  startFakeAcmeServer,
} from "./fake_acme_server.ts";
import { fastClock } from "./fast_clock.ts";
import { MemoryStore } from "./memory_store.ts";

/** The hostname that is asked for, unless a test names another. */
export const ACME_HOSTNAME = "app.example.org";

/** What one issuance may do differently. */
export interface GivenIssuance {
  readonly replaces?: string;
  readonly hostname?: string;
  readonly signal?: AbortSignal;
  readonly client?: AcmeClient;
}

/** See the module. */
export interface AcmePlace extends AsyncDisposable {
  readonly server: FakeAcmeServer;
  readonly store: MemoryStore;
  readonly challenges: ChallengesShown;
  /** Makes a further client of the same store, as after a restart; its maker disposes of it. */
  makeClient(email?: string, url?: string): AcmeClient;
  issue(given?: GivenIssuance): Promise<IssuedCertificate>;
}

/** Starts a CA. @param requestTimeoutMs Milliseconds of the host's clock. */
export async function startAcmePlace(
  options: Partial<FakeAcmeOptions> = {},
  requestTimeoutMs?: number,
): Promise<AcmePlace> {
  const challenges = new ChallengesShown();
  const server = await startFakeAcmeServer({
    answer: (host, token) => challenges.answer(host, token),
    ...options,
  });
  const store = new MemoryStore();
  const makeClient = (email?: string, url = server.directoryUrl) =>
    new AcmeClient({
      directoryUrl: url,
      email,
      store,
      clock: fastClock(100),
      log: silentLog,
      requestTimeoutMs,
    });
  const client = makeClient();
  const { signal } = new AbortController();
  const defaults = { hostname: ACME_HOSTNAME, replaces: undefined, signal };
  return {
    server,
    store,
    challenges,
    makeClient,
    issue: (given = {}) =>
      issueCertificate(given.client ?? client, { ...defaults, ...given, challenges }),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
