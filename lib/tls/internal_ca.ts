/**
 * A certificate authority of our own, for names that no public one certifies and until a public one
 * has. Its certificate and key last in the store; what it issues lives in memory only, since any
 * restart can issue it again and a key that is not on disk cannot leak from there.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import {
  CLOCK_SKEW_MS,
  INTERNAL_CA_LIFETIME_MS,
  INTERNAL_LEAF_LIFETIME_MS,
} from "../base/certificate_limits.ts";
import type { Log } from "../base/log.ts";
import { StateError } from "../state/state_error.ts";
import type { Store } from "../state/store.ts";
import { type Certificate, parseCertificate, pemBlocks } from "./certificate.ts";
import { encodeCertificate, encodePrivateKey, ES256, generateKeyPair, loadX509 } from "./x509.ts";

/** Where users find the certificate to trust, below the state folder. */
export const INTERNAL_CA_CERT_NAME = "internal-ca/cert.pem";
const KEY_NAME = "internal-ca/key.pem";

/** Issues certificates that only those accept who trust {@linkcode InternalCa.certPem}. */
export interface InternalCa {
  /** The CA's own certificate. */
  readonly certPem: string;
  /**
   * Issues a certificate with a fresh key.
   *
   * @param name A hostname or `*.example.org`. `*` works as well, but clients that verify refuse it.
   */
  issue(name: string): Promise<Certificate>;
}

/** What the CA is made with. */
export interface InternalCaOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens the CA of a store. One that cannot be used (broken, expired) is set aside and replaced by a
 * new one, which users have to trust anew; the log says so. One that cannot be read or saved for want
 * of space or permission is replaced in memory only, so that nothing is overwritten.
 */
export async function openInternalCa(
  store: Store,
  options: InternalCaOptions,
): Promise<InternalCa> {
  try {
    const authority = await load(store, options) ?? await create(store, options);
    return await openAuthority(authority, options.clock);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    options.log.error("The internal CA cannot be kept; this one ends with the process", {
      error: error.message,
      hint: error.hint,
    });
    return await openAuthority(await generate(options.clock), options.clock);
  }
}

/** The CA's pair as it is stored. */
type AuthorityPair = Pick<Certificate, "certPem" | "keyPem">;

async function load(store: Store, options: InternalCaOptions): Promise<AuthorityPair | undefined> {
  const [certPem, keyPem] = await Promise.all([
    readText(store, INTERNAL_CA_CERT_NAME),
    readText(store, KEY_NAME),
  ]);
  if (certPem === undefined && keyPem === undefined) return undefined;
  const reason = judge(certPem ?? "", keyPem ?? "", options.clock);
  if (reason === undefined) return { certPem: certPem!, keyPem: keyPem! };
  if (certPem !== undefined) await store.setAside(INTERNAL_CA_CERT_NAME, reason);
  if (keyPem !== undefined) await store.setAside(KEY_NAME, reason);
  options.log.warn(
    "Making a new internal CA; clients that trusted the old one must trust it anew",
    {
      reason,
      certificate: INTERNAL_CA_CERT_NAME,
    },
  );
  return undefined;
}

/** @returns Why a stored CA cannot be used. */
function judge(certPem: string, keyPem: string, clock: Clock): string | undefined {
  const result = parseCertificate(certPem, keyPem);
  if (result.kind === "problem") return result.problem;
  // A leaf would outlive it.
  if (result.certificate.notAfterAt < clock.now() + INTERNAL_LEAF_LIFETIME_MS) return "it expires";
  return pemBlocks(keyPem, "PRIVATE KEY")[0].startsWith("-----BEGIN PRIVATE KEY-----")
    ? undefined
    : "its key is not in PKCS#8";
}

async function create(store: Store, options: InternalCaOptions): Promise<AuthorityPair> {
  const authority = await generate(options.clock);
  // After a crash in between there is a key without certificate, which nobody has trusted yet.
  await store.write(KEY_NAME, new TextEncoder().encode(authority.keyPem));
  await store.write(INTERNAL_CA_CERT_NAME, new TextEncoder().encode(authority.certPem));
  return authority;
}

async function generate(clock: Clock): Promise<AuthorityPair> {
  const x509 = await loadX509();
  const keys = await generateKeyPair();
  const { keyCertSign, cRLSign } = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // The number tells one host's CA from another's in a browser's list.
    name: `CN=Postern internal CA ${crypto.randomUUID().slice(0, 8)}`,
    keys,
    signingAlgorithm: ES256,
    notBefore: new Date(clock.now() - CLOCK_SKEW_MS),
    notAfter: new Date(clock.now() + INTERNAL_CA_LIFETIME_MS),
    extensions: [
      // RFC 5280 §4.2.1.9: critical in a CA; 0: it has no CAs below it.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certPem: encodeCertificate(certificate.rawData),
    keyPem: await encodePrivateKey(keys.privateKey),
  };
}

async function openAuthority(authority: AuthorityPair, clock: Clock): Promise<InternalCa> {
  const x509 = await loadX509();
  const certificate = new x509.X509Certificate(authority.certPem);
  const [key] = x509.PemConverter.decode(authority.keyPem);
  const signingKey = await crypto.subtle.importKey("pkcs8", key, ES256, false, ["sign"]);
  return {
    certPem: authority.certPem,
    issue: (name) => issue({ certificate, signingKey, name, clock }),
  };
}

interface LeafRequest {
  readonly certificate: import("@peculiar/x509").X509Certificate;
  readonly signingKey: CryptoKey;
  readonly name: string;
  readonly clock: Clock;
}

async function issue({ certificate, signingKey, name, clock }: LeafRequest): Promise<Certificate> {
  const x509 = await loadX509();
  const keys = await generateKeyPair();
  const leaf = await x509.X509CertificateGenerator.create({
    subject: "", // The name stands in subjectAltName; a common name holds 64 characters at most.
    issuer: certificate.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ES256,
    notBefore: new Date(clock.now() - CLOCK_SKEW_MS),
    notAfter: new Date(clock.now() + INTERNAL_LEAF_LIFETIME_MS),
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      // RFC 5280 §4.2.1.6: critical where the subject is empty.
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }], true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(certificate.publicKey),
    ],
  });
  const keyPem = await encodePrivateKey(keys.privateKey);
  const result = parseCertificate(encodeCertificate(leaf.rawData), keyPem);
  if (result.kind === "problem") throw new Error(`Cannot issue for "${name}": ${result.problem}`);
  return result.certificate;
}

async function readText(store: Store, name: string): Promise<string | undefined> {
  const bytes = await store.read(name);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}
