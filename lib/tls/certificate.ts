/**
 * A certificate with its key, checked so far that a listener can be opened with it. Reading does no
 * I/O, except that the pair is tried out on a listener of an instant on loopback.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { errorText } from "../base/failures.ts";
import { coversHostname } from "../base/hostnames.ts";

/** A chain and the key of its first certificate, with what others need to know of it. */
export interface Certificate {
  /** The chain in PEM, the leaf first. */
  readonly certPem: string;
  /** Secret. PKCS#8, SEC1 or PKCS#1 in PEM. */
  readonly keyPem: string;
  /** The DNS names of the leaf's subjectAltName (RFC 5280 §4.2.1.6), lower case. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBeforeAt: number;
  /** Milliseconds since 1970. */
  readonly notAfterAt: number;
  /** In one line, such as `C=US, O=Let's Encrypt, CN=E7`. */
  readonly issuer: string;
  /** Hexadecimal, upper case, without leading zeros. */
  readonly serial: string;
}

/** What {@linkcode parseCertificate} found. */
export type CertificateResult =
  | { readonly kind: "certificate"; readonly certificate: Certificate }
  | { readonly kind: "problem"; readonly problem: string };

/**
 * Reads a chain and its key. Dates are read, not judged: an expired certificate is still a certificate.
 *
 * @param certPem What stands outside of its PEM blocks is dropped.
 * @returns A problem if there is no certificate, it cannot be read, or the key is not its own.
 */
export function parseCertificate(certPem: string, keyPem: string): CertificateResult {
  const chain = pemBlocks(certPem, "CERTIFICATE");
  if (chain.length === 0) return problem("there is no certificate in it");
  try {
    const [leaf] = chain.map((block) => new X509Certificate(block));
    const certificate = describe(leaf, chain.join(""), keyPem);
    const mismatch = tryPair(certificate);
    return mismatch === undefined ? { kind: "certificate", certificate } : problem(mismatch);
  } catch (error) {
    return problem(`the certificate cannot be read (${errorText(error)})`);
  }
}

/**
 * Finds the PEM blocks of a kind (RFC 7468 §2), each with its final line end. Pure.
 *
 * @param label Such as `CERTIFICATE`, or the end of a label, such as `PRIVATE KEY`.
 */
export function pemBlocks(text: string, label: string): string[] {
  const pattern = new RegExp(`-----BEGIN ([A-Z ]*${label})-----[^-]*-----END \\1-----`, "g");
  return Array.from(text.matchAll(pattern), ([block]) => `${block.replaceAll("\r\n", "\n")}\n`);
}

/** Says whether one of the certificate's names covers a normalized hostname. Pure. */
export function certificateCovers(certificate: Certificate, hostname: string): boolean {
  return certificate.names.some((name) => coversHostname(name, hostname));
}

function describe(leaf: X509Certificate, certPem: string, keyPem: string): Certificate {
  return {
    certPem,
    keyPem,
    names: dnsNames(leaf.subjectAltName),
    notBeforeAt: leaf.validFromDate.getTime(),
    notAfterAt: leaf.validToDate.getTime(),
    issuer: leaf.issuer.split("\n").join(", "),
    serial: leaf.serialNumber,
  };
}

/** Names with characters that need quotes are no hostnames, and are left out with the addresses. */
function dnsNames(subjectAltName: string | undefined): string[] {
  return (subjectAltName ?? "").split(", ").flatMap((entry) => {
    const match = /^DNS:([^",\s]+)$/.exec(entry);
    return match === null ? [] : [match[1].toLowerCase()];
  });
}

/** The TLS library that will serve the pair is the one to ask. @returns Why it does not take it. */
function tryPair({ certPem, keyPem }: Certificate): string | undefined {
  if (keyPem.includes("ENCRYPTED")) return "the private key is encrypted with a passphrase";
  if (pemBlocks(keyPem, "PRIVATE KEY").length === 0) return "there is no private key";
  try {
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: certPem, key: keyPem }).close();
    return undefined;
  } catch (error) {
    return `the key cannot be used with the certificate (${errorText(error)})`;
  }
}

function problem(text: string): CertificateResult {
  return { kind: "problem", problem: text };
}
