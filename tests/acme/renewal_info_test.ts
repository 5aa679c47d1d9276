import assert from "node:assert/strict";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { AcmeClient } from "../../lib/acme/client.ts";
import { makeRenewalId, readRenewalInfo } from "../../lib/acme/renewal_info.ts";
import { silentLog } from "../../lib/base/log.ts";
import type { Certificate } from "../../lib/tls/certificate.ts";
import { generateKeyPair } from "../../lib/tls/x509.ts";
import { FakeAcmeServer, startFakeAcmeServer } from "../support/fake_acme_server.ts";
import { fastClock } from "../support/fast_clock.ts";
import { MemoryStore } from "../support/memory_store.ts";

const ES256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const { signal } = new AbortController();

async function makeWithIds(keyId: string | undefined, serial: string): Promise<Certificate> {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial,
    name: "CN=test",
    keys: await generateKeyPair(),
    signingAlgorithm: ES256,
    extensions: keyId === undefined ? [] : [new x509.AuthorityKeyIdentifierExtension(keyId)],
  });
  return { certPem: certificate.toString("pem"), serial: serial.replace(/^0+/, "") } as Certificate;
}

// The first row is the example of RFC 9773 §4.1.
for (
  const [keyId, serial, expected] of [
    [
      "69885b6b87464041e1b37b847ba0ae2cde01c8d4",
      "0087654321",
      "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",
    ],
    ["00ff", "7F", "AP8.fw"],
    ["00ff", "0ABC", "AP8.Crw"],
    [undefined, "7F", undefined],
  ]
) {
  Deno.test(`makeRenewalId of ${keyId} and ${serial} is ${expected}`, async () => {
    assert.equal(await makeRenewalId(await makeWithIds(keyId, serial!)), expected);
  });
}

async function ask(server: FakeAcmeServer) {
  using client = new AcmeClient({
    directoryUrl: server.directoryUrl,
    email: undefined,
    store: new MemoryStore(),
    clock: fastClock(100),
    log: silentLog,
  });
  return await readRenewalInfo(client, "a.b", signal);
}

const start = new Date("2026-06-01T00:00:00Z");
const end = new Date("2026-06-02T00:00:00Z");

Deno.test("readRenewalInfo reads the window and bounds the pause to a minute and a day", async () => {
  const HOUR_MS = 3_600_000;
  for (
    const [retryAfter, pauseMs] of [
      [undefined, 6 * HOUR_MS],
      ["7200", 2 * HOUR_MS],
      ["0", 60_000],
      ["9999999", 24 * HOUR_MS],
      ["nonsense", 6 * HOUR_MS],
    ] as const
  ) {
    await using server = await startFakeAcmeServer({
      window: { start, end },
      renewalRetryAfter: retryAfter,
    });
    const info = await ask(server);
    assert.deepEqual(info, { startAt: start.getTime(), endAt: end.getTime(), pauseMs });
  }
});

Deno.test("readRenewalInfo gives undefined where the directory has none, without asking", async () => {
  await using server = await startFakeAcmeServer();
  assert.equal(await ask(server), undefined);
  assert.deepEqual(server.seen, ["GET directory"]);
});

Deno.test("readRenewalInfo refuses windows that are none", async () => {
  const bodies = [
    { suggestedWindow: { start: end, end: start } },
    { suggestedWindow: { start, end: start } },
    { suggestedWindow: { start: "tomorrow", end: "later" } },
    { suggestedWindow: { start: 5, end: 6 } },
    { suggestedWindow: { start } },
    {},
    null,
    "<html>",
  ];
  for (const body of bodies) {
    await using server = await startFakeAcmeServer({
      window: { start, end },
      fault: ({ resource }) => resource === "renewal-info" ? Response.json(body) : undefined,
    });
    await assert.rejects(ask(server), { name: "AcmeError", kind: "unexpected" });
  }
});
