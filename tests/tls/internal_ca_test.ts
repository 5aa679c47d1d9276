import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  INTERNAL_CA_LIFETIME_MS,
  INTERNAL_LEAF_LIFETIME_MS,
} from "../../lib/base/certificate_limits.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { createLog, silentLog } from "../../lib/base/log.ts";
import { type Certificate, parseCertificate } from "../../lib/tls/certificate.ts";
import { INTERNAL_CA_CERT_NAME, openInternalCa } from "../../lib/tls/internal_ca.ts";
import { makeCertificate } from "../support/certificates.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { testWithPrograms } from "../support/installed.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const KEY_NAME = "internal-ca/key.pem";
const options = { clock: systemClock, log: silentLog };

Deno.test("openInternalCa keeps its CA over restarts", async () => {
  const store = new MemoryStore();
  const first = await openInternalCa(store, options);
  const second = await openInternalCa(store, options);
  assert.equal(second.certPem, first.certPem);
  assert.equal(store.text(INTERNAL_CA_CERT_NAME), first.certPem);
  const issuer = new X509Certificate(first.certPem);
  for (const ca of [first, second]) {
    const leaf = new X509Certificate((await ca.issue("a.example")).certPem);
    assert.ok(leaf.verify(issuer.publicKey));
    assert.ok(leaf.checkIssued(issuer));
  }
});

Deno.test("InternalCa.issue makes a fresh pair for exactly the name, of limited life", async () => {
  const clock = new FakeClock(Date.UTC(2030, 5, 1));
  const ca = await openInternalCa(new MemoryStore(), { ...options, clock });
  const authority = new X509Certificate(ca.certPem);
  const certificates: Certificate[] = [];
  const longest = [..."abc"].map((letter) => letter.repeat(63)).join(".") + ".example";
  for (const name of ["a.example", "a.example", "*.b.example", "_x.c.example", longest]) {
    const certificate = await ca.issue(name);
    certificates.push(certificate);
    assert.deepEqual(certificate.names, [name]);
    assert.ok(certificate.notBeforeAt < clock.now());
    assert.equal(certificate.notAfterAt, clock.now() + INTERNAL_LEAF_LIFETIME_MS);
  }
  assert.equal(new Set(certificates.map((certificate) => certificate.keyPem)).size, 5);
  assert.equal(new Set(certificates.map((certificate) => certificate.serial)).size, 5);
  assert.equal(authority.validToDate.getTime(), clock.now() + INTERNAL_CA_LIFETIME_MS);
  assert.ok(authority.ca);
});

testWithPrograms(["openssl"], "InternalCa.issue satisfies openssl's strict rules", async () => {
  using temp = makeTempFolder();
  const ca = await openInternalCa(new MemoryStore(), options);
  const caFile = temp.write("ca.pem", ca.certPem);
  for (
    const { name, hostname, ok } of [
      { name: "a.example", hostname: "a.example", ok: true },
      { name: "*.b.example", hostname: "x.b.example", ok: true },
      { name: "a.example", hostname: "other.example", ok: false },
    ]
  ) {
    const leaf = temp.write("leaf.pem", (await ca.issue(name)).certPem);
    const args = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", hostname];
    const output = await new Deno.Command("openssl", { args: [...args, "-CAfile", caFile, leaf] })
      .output();
    assert.equal(output.success, ok, new TextDecoder().decode(output.stderr));
  }
});

testWithPrograms(
  ["curl"],
  "InternalCa.issue makes certificates that curl and fetch trust",
  async () => {
    using temp = makeTempFolder();
    const ca = await openInternalCa(new MemoryStore(), options);
    const { certPem: cert, keyPem: key } = await ca.issue("localhost");
    const handler = () => new Response("hello");
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
      handler,
    );
    const url = `https://localhost:${server.addr.port}/`;
    const caFile = temp.write("ca.pem", ca.certPem);
    const resolve = `localhost:${server.addr.port}:127.0.0.1`;
    const args = ["--silent", "--show-error", "--resolve", resolve, "--cacert", caFile, url];
    const { stdout, stderr } = await new Deno.Command("curl", { args }).output();
    assert.equal(new TextDecoder().decode(stdout), "hello", new TextDecoder().decode(stderr));
    using client = Deno.createHttpClient({ caCerts: [ca.certPem] });
    assert.equal(await (await fetch(url, { client })).text(), "hello");
  },
);

Deno.test("openInternalCa sets a CA it cannot use aside, says so, and makes a new one", async () => {
  const made = new MemoryStore();
  await openInternalCa(made, options);
  const cert = made.text(INTERNAL_CA_CERT_NAME)!;
  const key = made.text(KEY_NAME)!;
  const expiring = await makeCertificate({ names: ["ca"], isCa: true });
  const cases: Record<string, [cert: string | undefined, key: string | undefined]> = {
    "the certificate is damaged": [cert.slice(0, 100), key],
    "the key is damaged": [cert, key.slice(0, 50)],
    "the key is of another": [cert, expiring.keyPem],
    "the key is missing": [cert, undefined],
    "the certificate is missing": [undefined, key],
    "it ends before a leaf would": [expiring.certPem, expiring.keyPem],
  };
  for (const [name, pair] of Object.entries(cases)) {
    const store = new MemoryStore();
    const lines: string[] = [];
    const log = createLog({ write: (line) => lines.push(line) });
    if (pair[0] !== undefined) store.put(INTERNAL_CA_CERT_NAME, pair[0]);
    if (pair[1] !== undefined) store.put(KEY_NAME, pair[1]);
    const ca = await openInternalCa(store, { clock: systemClock, log });
    assert.notEqual(ca.certPem, cert, name);
    const result = parseCertificate(store.text(INTERNAL_CA_CERT_NAME)!, store.text(KEY_NAME)!);
    assert.equal(result.kind, "certificate", name);
    const kept = store.setAsideNames.map((aside) => store.text(aside));
    assert.deepEqual(kept, pair.filter((text) => text !== undefined), name);
    assert.match(lines.join("\n"), /warn .*must trust it anew/, name);
  }
});

for (const fault of ["failsToRead", "failsToWrite"] as const) {
  Deno.test(`openInternalCa serves from memory and overwrites nothing where the store ${fault}`, async () => {
    const store = new MemoryStore();
    if (fault === "failsToRead") {
      store.put(INTERNAL_CA_CERT_NAME, "precious");
      store.put(KEY_NAME, "precious");
    }
    const before = new Map(store.values);
    store[fault] = () => true;
    const lines: string[] = [];
    const log = createLog({ write: (line) => lines.push(line) });
    const ca = await openInternalCa(store, { clock: systemClock, log });
    assert.deepEqual((await ca.issue("a.example")).names, ["a.example"]);
    assert.deepEqual(store.values, before);
    assert.match(lines.join("\n"), /error .*cannot be kept.* hint=/);
  });
}
