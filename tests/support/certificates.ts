/**
 * Certificates for tests: P-256 keys, self-signed or from an authority of one's own, made in memory.
 *
 * @module
 */
import "reflect-metadata";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

/** A certificate with its private key. */
export interface TestCertificate {
  readonly certPem: string;
  /** PKCS #8. */
  readonly keyPem: string;
  /** SHA-256 of the DER bytes: 64 lower-case hex digits. */
  readonly fingerprint: string;
  /** For signing others with it, if it is an authority. */
  readonly issuer: { readonly name: string; readonly key: CryptoKey };
}

/** What the certificate says. */
export interface CertificateOptions {
  /**
   * DNS names and IP addresses for subjectAltName; the first is the common name as well. One with a
   * space, as authorities have, is a common name only.
   */
  readonly names: readonly string[];
  /** Who signs it; by default it signs itself. */
  readonly ca?: TestCertificate;
  /** Whether it may sign others. Default false. */
  readonly isCa?: boolean;
  /** Default: yesterday. */
  readonly notBefore?: Date;
  /** Default: in 30 days. */
  readonly notAfter?: Date;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;

/** Makes a certificate for servers. */
export async function makeCertificate(options: CertificateOptions): Promise<TestCertificate> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const name = `CN=${options.names[0]}`;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `01${crypto.randomUUID().replaceAll("-", "")}`,
    subject: name,
    issuer: options.ca?.issuer.name ?? name,
    notBefore: options.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: options.notAfter ?? new Date(Date.now() + 30 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: options.ca?.issuer.key ?? keys.privateKey,
    extensions: extensionsOf(options),
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  const digest = await crypto.subtle.digest("SHA-256", certificate.rawData);
  return {
    certPem: `${certificate.toString("pem")}\n`,
    keyPem: `${x509.PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`,
    fingerprint: new Uint8Array(digest).toHex(),
    issuer: { name, key: keys.privateKey },
  };
}

/** Makes an authority whose certificate others can be told to trust. */
export function makeAuthority(name = "Test authority"): Promise<TestCertificate> {
  return makeCertificate({ names: [name], isCa: true });
}

function extensionsOf(options: CertificateOptions): x509.Extension[] {
  const isCa = options.isCa ?? false;
  const usage = isCa
    ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
    : x509.KeyUsageFlags.digitalSignature;
  const extensions: x509.Extension[] = [
    new x509.BasicConstraintsExtension(isCa, undefined, true),
    new x509.KeyUsagesExtension(usage, true),
  ];
  const names = options.names.filter((name) => !name.includes(" ")).map((value) => ({
    type: isIP(value) === 0 ? "dns" as const : "ip" as const,
    value,
  }));
  if (names.length === 0) return extensions;
  return [...extensions, new x509.SubjectAlternativeNameExtension(names)];
}
