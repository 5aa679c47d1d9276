import { deepStrictEqual, match, notStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  makeSampleCertificate,
  SAMPLE_CERTIFICATE_NAME,
} from "../../lib/sample/sample_certificate.ts";
import { parseCertificate } from "../../lib/tls/certificate.ts";
import { StateError } from "../../lib/state/state_error.ts";
import { MemoryStore } from "../support/memory_store.ts";

const NAMES = ["sample.localhost", "*.example.org"];

Deno.test("makeSampleCertificate: makes a pair that belongs together, for every name", async () => {
  const { certPem, keyPem } = await makeSampleCertificate(new MemoryStore(), NAMES);
  const parsed = parseCertificate(certPem, keyPem);
  if (parsed.kind === "problem") throw new Error(parsed.problem);
  deepStrictEqual(parsed.certificate.names, NAMES);
});

Deno.test("makeSampleCertificate: signs itself, so that it is not the internal CA's", async () => {
  const { certPem } = await makeSampleCertificate(new MemoryStore(), NAMES);
  const certificate = new X509Certificate(certPem);
  strictEqual(certificate.issuer, "CN=Postern sample upstream");
  strictEqual(certificate.verify(certificate.publicKey), true);
});

Deno.test("makeSampleCertificate: keeps the certificate, never the key", async () => {
  const store = new MemoryStore();
  const { certPem } = await makeSampleCertificate(store, NAMES);
  deepStrictEqual([...store.values.keys()], [SAMPLE_CERTIFICATE_NAME]);
  strictEqual(store.text(SAMPLE_CERTIFICATE_NAME), certPem);
  match(certPem, /^-----BEGIN CERTIFICATE-----\n[^]*\n-----END CERTIFICATE-----\n$/);
});

Deno.test("makeSampleCertificate: makes another one each time", async () => {
  const store = new MemoryStore();
  const one = await makeSampleCertificate(store, NAMES);
  const other = await makeSampleCertificate(store, NAMES);
  notStrictEqual(one.keyPem, other.keyPem);
  strictEqual(store.text(SAMPLE_CERTIFICATE_NAME), other.certPem);
});

Deno.test("makeSampleCertificate: fails if it cannot be kept, as nobody could trust it", async () => {
  const store = new MemoryStore();
  store.failsToWrite = () => true;
  await rejects(makeSampleCertificate(store, NAMES), StateError);
});
