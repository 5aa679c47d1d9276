/**
 * A certificate that an ACME directory has issued, and its form in the store: one text with a few
 * lines about it, the chain and the key. One file, so that a crash never parts a chain from its key;
 * PEM allows lines before the first block (RFC 7468 §2), so other programs can read it. Pure, but for
 * trying out the pair.
 *
 * @module
 */
import { hostnameSegment } from "../state/state_name.ts";
import type { Parsed } from "../state/read_parsed.ts";
import { type Certificate, certificateCovers, parseCertificate, pemBlocks } from "./certificate.ts";

/** A certificate with what its renewal needs to know. */
export interface IssuedCertificate {
  readonly certificate: Certificate;
  /** URL of the directory that issued it. With another one configured it is ordered anew. */
  readonly directory: string;
  /** What the directory calls it in renewal information (RFC 9773 §4.1). */
  readonly renewalId: string | undefined;
}

/** Returns the name in the store. */
export function issuedCertificateName(hostname: string): string {
  return `certificates/${hostnameSegment(hostname)}.pem`;
}

/** Encodes for the store. */
export function encodeIssuedCertificate(issued: IssuedCertificate): Uint8Array {
  const lines = [
    `directory: ${issued.directory}`,
    ...(issued.renewalId === undefined ? [] : [`renewal-id: ${issued.renewalId}`]),
    issued.certificate.certPem.trimEnd(),
    issued.certificate.keyPem.trimEnd(),
  ];
  return new TextEncoder().encode(lines.join("\n") + "\n");
}

/** Parses what {@linkcode encodeIssuedCertificate} made; it must be for `hostname`. */
export function parseIssuedCertificate(text: string, hostname: string): Parsed<IssuedCertificate> {
  const directory = /^directory: (\S+)$/m.exec(text)?.[1];
  if (directory === undefined) return { kind: "problem", problem: 'no line "directory: <URL>"' };
  const result = parseCertificate(text, pemBlocks(text, "PRIVATE KEY").join(""));
  if (result.kind === "problem") return result;
  const { certificate } = result;
  if (!certificateCovers(certificate, hostname)) {
    return { kind: "problem", problem: `the certificate does not cover ${hostname}` };
  }
  const renewalId = /^renewal-id: (\S+)$/m.exec(text)?.[1];
  return { kind: "value", value: { certificate, directory, renewalId } };
}
