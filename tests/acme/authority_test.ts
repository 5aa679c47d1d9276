import assert from "node:assert/strict";
import { AcmeAuthority } from "../../lib/acme/authority.ts";
import { ChallengesShown } from "../../lib/acme/challenges_shown.ts";
import { startRenewer } from "../../lib/acme/renewer.ts";
import { Counters } from "../../lib/base/counters.ts";
import { silentLog } from "../../lib/base/log.ts";
import { CertificateStore } from "../../lib/tls/certificate_store.ts";
import { makeAuthority } from "../support/certificates.ts";
import { withDeadline } from "../support/deadline.ts";
import { FakeAcmeServer, startFakeAcmeServer } from "../support/fake_acme_server.ts";
import { fastClock } from "../support/fast_clock.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const HOST = "app.example.org";
const { signal } = new AbortController();

async function place(caFile: string | undefined) {
  const challenges = new ChallengesShown();
  const answer = (host: string, token: string) => challenges.answer(host, token);
  const server = await startFakeAcmeServer({ answer });
  const config = { email: undefined, directory: server.directoryUrl, caFile };
  const clock = fastClock(100);
  return { server, config, challenges, clock, store: new MemoryStore(), log: silentLog };
}

async function requestCount(server: FakeAcmeServer, run: () => Promise<unknown>): Promise<number> {
  const before = server.seen.length;
  await run();
  return server.seen.length - before;
}

Deno.test("AcmeAuthority says what is wrong with acme.ca, asks nobody, and reads it anew each time", async () => {
  using folder = makeTempFolder();
  const caFile = `${folder.path}/ca.pem`;
  const p = await place(caFile);
  await using server = p.server;
  using authority = new AcmeAuthority(p);
  const issue = () => authority.issue({ hostname: HOST, replaces: undefined, signal });
  const message = new RegExp(`Cannot use "${caFile}" as "acme.ca": `);
  const refused = () => assert.rejects(issue(), { name: "AcmeError", message });
  assert.equal(await requestCount(server, refused), 0);
  folder.write("ca.pem", "no certificate");
  assert.equal(await requestCount(server, refused), 0);
  folder.write("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  await assert.rejects(issue(), { name: "AcmeError", message });
  folder.write("ca.pem", (await makeAuthority()).certPem);
  assert.deepEqual((await issue()).certificate.names, [HOST]);
});

Deno.test("AcmeAuthority that was asked nothing has opened nothing", async () => {
  const p = await place(undefined);
  await using server = p.server;
  new AcmeAuthority(p)[Symbol.dispose]();
  assert.deepEqual(server.seen, []);
});

Deno.test("startRenewer gets certificates from a directory until its signal is aborted", async () => {
  const p = await place(undefined);
  await using server = p.server;
  using certificates = new CertificateStore(p);
  const stopping = new AbortController();
  const issued = new Promise<void>((resolve) => void certificates.onReplaced(() => resolve()));
  await certificates.ensure({ kind: "auto", hostname: HOST });
  const wired = { ...p, certificates, counters: new Counters(), hostnames: [HOST] };
  const renewer = startRenewer({ ...wired, signal: stopping.signal });
  await withDeadline(issued, 10_000, () => server.seen.join());
  stopping.abort();
  await renewer.stop();
  renewer.update(["late.example"]);
  assert.deepEqual(server.orders.map(({ hostname }) => hostname), [HOST]);
});

Deno.test("startRenewer with an aborted signal starts nothing", async () => {
  const p = await place(undefined);
  await using server = p.server;
  using certificates = new CertificateStore(p);
  const wired = { ...p, certificates, counters: new Counters(), hostnames: [HOST] };
  await startRenewer({ ...wired, signal: AbortSignal.abort() }).stop();
  assert.deepEqual(server.seen, []);
});
