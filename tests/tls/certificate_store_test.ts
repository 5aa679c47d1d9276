import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../lib/base/clock.ts";
import { INTERNAL_LEAF_LIFETIME_MS } from "../../lib/base/certificate_limits.ts";
import { createLog, silentLog } from "../../lib/base/log.ts";
import { type Certificate, parseCertificate } from "../../lib/tls/certificate.ts";
import { certificateId, type CertificateSource } from "../../lib/tls/certificate_source.ts";
import { CertificateStore } from "../../lib/tls/certificate_store.ts";
import {
  encodeIssuedCertificate,
  type IssuedCertificate,
  issuedCertificateName,
} from "../../lib/tls/issued_certificate.ts";
import { makeCertificate } from "../support/certificates.ts";
import { withDeadline } from "../support/deadline.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const DIRECTORY = "https://ca.example/dir";
const HOSTNAME = "app.example.org";
const AUTO: CertificateSource = { kind: "auto", hostname: HOSTNAME };
const NAME = issuedCertificateName(HOSTNAME);

async function makePair(hostname = HOSTNAME): Promise<Certificate> {
  const { certPem, keyPem } = await makeCertificate({ names: [hostname] });
  const result = parseCertificate(certPem, keyPem);
  assert.ok(result.kind === "certificate");
  return result.certificate;
}

async function makeIssued(hostname = HOSTNAME): Promise<IssuedCertificate> {
  return { certificate: await makePair(hostname), directory: DIRECTORY, renewalId: "a.b" };
}

function openStore(store = new MemoryStore(), clock: Clock = systemClock) {
  const certificates = new CertificateStore({ store, clock, log: silentLog });
  const replaced: [id: string, certificate: Certificate][] = [];
  certificates.onReplaced((id, certificate) => replaced.push([id, certificate]));
  return { certificates, store, replaced };
}

async function ready(certificates: CertificateStore, source: CertificateSource) {
  const result = await certificates.ensure(source);
  assert.ok(result.kind === "ready", JSON.stringify(result));
  assert.equal(result.id, certificateId(source));
  assert.equal(certificates.current(result.id), result.certificate);
  return result.certificate;
}

Deno.test("CertificateStore.ensure lets the internal CA stand in, then serves what was issued", async () => {
  const { certificates, store, replaced } = openStore();
  using _closed = certificates;
  const standIn = await ready(certificates, AUTO);
  assert.match(standIn.issuer, /Postern internal CA/);
  assert.deepEqual(standIn.names, [HOSTNAME]);
  assert.equal(certificates.issued(HOSTNAME), undefined);
  assert.equal(await ready(certificates, AUTO), standIn);

  const issued = await makeIssued();
  certificates.replaceIssued(HOSTNAME, issued);
  assert.equal(await ready(certificates, AUTO), issued.certificate);
  assert.equal(certificates.issued(HOSTNAME), issued);
  assert.deepEqual(replaced, [[certificateId(AUTO), issued.certificate]]);
  assert.equal(store.values.has(NAME), false);
  await certificates.save(HOSTNAME);
  assert.ok(store.values.has(NAME));
});

Deno.test("CertificateStore.ensure loads what was saved and needs no internal CA for it", async () => {
  const issued = await makeIssued();
  const store = new MemoryStore();
  store.values.set(NAME, encodeIssuedCertificate(issued));
  const { certificates, replaced } = openStore(store);
  using _closed = certificates;
  assert.deepEqual(await ready(certificates, AUTO), issued.certificate);
  assert.deepEqual(certificates.issued(HOSTNAME), issued);
  assert.deepEqual([...store.values.keys()], [NAME]);
  assert.deepEqual(replaced, []);
});

Deno.test("CertificateStore.ensure sets a saved certificate aside that cannot be served", async () => {
  const good = new TextDecoder().decode(encodeIssuedCertificate(await makeIssued()));
  const other = new TextDecoder().decode(encodeIssuedCertificate(await makeIssued("b.example")));
  const key = other.slice(other.indexOf("-----BEGIN PRIVATE"));
  const cases: Record<string, string | Uint8Array> = {
    "empty": "",
    "cut": good.slice(0, good.length / 2),
    "no directory": good.replace("directory:", "where:"),
    "for another hostname": other,
    "key of another": good.slice(0, good.indexOf("-----BEGIN PRIVATE")) + key,
    "not UTF-8": Uint8Array.of(0xff, 0xfe, 0x00),
    "zeros": new Uint8Array(4_096),
  };
  for (const [name, content] of Object.entries(cases)) {
    const store = new MemoryStore();
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    store.values.set(NAME, bytes);
    const { certificates } = openStore(store);
    using _closed = certificates;
    assert.match((await ready(certificates, AUTO)).issuer, /Postern internal CA/, name);
    assert.equal(store.values.has(NAME), false, name);
    assert.deepEqual(store.values.get(store.setAsideNames[0]), bytes, name);
  }
});

Deno.test("CertificateStore.ensure says that the state is unreadable and overwrites nothing", async () => {
  const store = new MemoryStore();
  store.put(NAME, "precious");
  store.failsToRead = (name) => name === NAME;
  const { certificates } = openStore(store);
  using _closed = certificates;
  const result = await certificates.ensure(AUTO);
  assert.ok(result.kind === "problem");
  assert.match(result.problem, /Cannot use "certificates\/app\.example\.org\.pem"/);
  assert.equal(store.text(NAME), "precious");
  store.failsToRead = () => false;
  await ready(certificates, AUTO);
});

Deno.test("CertificateStore.ensure asked many times at once makes one certificate", async () => {
  const { certificates } = openStore();
  using _closed = certificates;
  const source: CertificateSource = { kind: "internal", name: "*.x.example" };
  const all = await Promise.all(Array.from({ length: 5 }, () => ready(certificates, source)));
  assert.equal(new Set(all).size, 1);
});

Deno.test("CertificateStore.ensure does not lose a certificate issued while it was loading", async () => {
  const { certificates } = openStore();
  using _closed = certificates;
  const loading = ready(certificates, AUTO);
  const issued = await makeIssued();
  certificates.replaceIssued(HOSTNAME, issued);
  assert.equal(await loading, issued.certificate);
});

Deno.test("CertificateStore.ensure reads files anew, and keeps the old where the new are broken", async () => {
  using temp = makeTempFolder();
  const [one, two] = [await makePair(), await makePair()];
  const certFile = temp.write("cert.pem", one.certPem);
  const keyFile = temp.write("key.pem", one.keyPem);
  const source: CertificateSource = { kind: "file", certFile, keyFile };
  const { certificates, replaced } = openStore();
  using _closed = certificates;
  assert.deepEqual(await ready(certificates, source), one);
  await ready(certificates, source);
  assert.deepEqual(replaced, []);

  temp.write("cert.pem", two.certPem);
  const result = await certificates.ensure(source);
  assert.ok(result.kind === "problem");
  assert.ok(result.problem.includes(`"${certFile}" with key "${keyFile}": `), result.problem);
  assert.deepEqual(certificates.current(certificateId(source)), one);

  temp.write("key.pem", two.keyPem);
  assert.deepEqual(await ready(certificates, source), two);
  assert.deepEqual(replaced, [[certificateId(source), two]]);
});

Deno.test("CertificateStore.ensure names the file that is missing or no file", async () => {
  using temp = makeTempFolder();
  const certFile = temp.write("cert.pem", (await makePair()).certPem);
  const missing = `${temp.path}/missing.pem`;
  const { certificates } = openStore();
  using _closed = certificates;
  const cases: [certFile: string, keyFile: string, problem: string][] = [
    [missing, certFile, `Cannot use certificate "${missing}": no such file`],
    [certFile, missing, `Cannot use key "${missing}": no such file`],
    [temp.path, certFile, `Cannot use certificate "${temp.path}": not a regular file`],
  ];
  for (const [cert, key, problem] of cases) {
    const source: CertificateSource = { kind: "file", certFile: cert, keyFile: key };
    assert.deepEqual(await certificates.ensure(source), { kind: "problem", problem });
    assert.equal(certificates.current(certificateId(source)), undefined);
  }
});

Deno.test("CertificateStore warns of a certificate file that has expired, and serves it", async () => {
  using temp = makeTempFolder();
  const { certPem, keyPem } = await makeCertificate({
    names: ["a.example"],
    notAfter: new Date(Date.now() - 1_000),
  });
  const certFile = temp.write("both.pem", certPem + keyPem);
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  using certificates = new CertificateStore({
    store: new MemoryStore(),
    clock: systemClock,
    log,
  });
  await ready(certificates, { kind: "file", certFile, keyFile: certFile });
  assert.match(lines.join(), /warn .*has expired/);
});

Deno.test("CertificateStore makes leaves of the internal CA again before they end", async () => {
  const clock = new FakeClock();
  const { certificates, replaced } = openStore(new MemoryStore(), clock);
  using _closed = certificates;
  const first = await ready(certificates, { kind: "internal", name: "a.example" });
  clock.jump(INTERNAL_LEAF_LIFETIME_MS / 2);
  await clock.advance(20 * 60_000);
  assert.equal(replaced.length, 0);
  const made = new Promise<void>((resolve) => void certificates.onReplaced(() => resolve()));
  clock.jump(INTERNAL_LEAF_LIFETIME_MS / 5);
  await clock.advance(20 * 60_000);
  await withDeadline(made, 10_000, () => "a new leaf");
  assert.equal(replaced.length, 1);
  assert.deepEqual(replaced[0][1].names, first.names);
  assert.ok(replaced[0][1].notAfterAt > first.notAfterAt);
  assert.equal(certificates.current("internal/a.example"), replaced[0][1]);
});

Deno.test("CertificateStore.replaceIssued tells everybody, though one fails or has left", async () => {
  const { certificates, replaced } = openStore();
  using _closed = certificates;
  const left: string[] = [];
  using _failing = certificates.onReplaced(() => {
    throw new Error("a test");
  });
  const leaving = certificates.onReplaced((id) => left.push(id));
  const last: string[] = [];
  using _last = certificates.onReplaced((id) => last.push(id));
  certificates.replaceIssued(HOSTNAME, await makeIssued());
  leaving[Symbol.dispose]();
  certificates.replaceIssued(HOSTNAME, await makeIssued());
  certificates.replaceIssued(HOSTNAME, await makeIssued());
  assert.deepEqual([replaced.length, left.length, last.length], [2, 0, 2]);
});

Deno.test("CertificateStore.retain forgets ids, their timer and not the state", async () => {
  const clock = new FakeClock();
  const { certificates, store } = openStore(new MemoryStore(), clock);
  certificates.replaceIssued(HOSTNAME, await makeIssued());
  await certificates.save(HOSTNAME);
  await ready(certificates, { kind: "internal", name: "a.example" });
  assert.equal(clock.pending, 1);
  certificates.retain(new Set([certificateId(AUTO)]));
  assert.equal(clock.pending, 0);
  assert.equal(certificates.current("internal/a.example"), undefined);
  certificates.retain(new Set());
  assert.equal(certificates.issued(HOSTNAME), undefined);
  assert.ok(store.values.has(NAME));
  certificates[Symbol.dispose]();
});
