/**
 * The certificate of the TLS sample: self-signed, so that it can be told from what Postern's internal
 * CA makes. It is new at every start; its key is never written.
 *
 * @module
 */
import type { Store } from "../state/store.ts";
import {
  encodeCertificate,
  encodePrivateKey,
  ES256,
  generateKeyPair,
  loadX509,
} from "../tls/x509.ts";

/** Where clients find the certificate, to trust it. */
export const SAMPLE_CERTIFICATE_NAME = "sample/cert.pem";

const LIFETIME_MS = 90 * 86_400_000;

/**
 * Makes the certificate and writes it (not its key) to the state.
 *
 * @param names Hostnames and wildcards that it is for, one or more.
 * @throws {StateError} If it cannot be written.
 */
export async function makeSampleCertificate(
  store: Store,
  names: readonly string[],
): Promise<{ certPem: string; keyPem: string }> {
  const x509 = await loadX509();
  const keys = await generateKeyPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Postern sample upstream",
    keys,
    signingAlgorithm: ES256,
    notBefore: new Date(),
    notAfter: new Date(Date.now() + LIFETIME_MS),
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: "dns" as const, value })),
      ),
    ],
  });
  const certPem = encodeCertificate(certificate.rawData);
  await store.write(SAMPLE_CERTIFICATE_NAME, new TextEncoder().encode(certPem));
  return { certPem, keyPem: await encodePrivateKey(keys.privateKey) };
}
