/**
 * The certificate that clients are shown, whatever they think of it. Does I/O.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import type { TcpAddress } from "../../lib/base/addresses.ts";
import { opensslConnect } from "./openssl_client.ts";

/**
 * Shakes hands with openssl and returns the leaf.
 *
 * @throws {Error} If no certificate came; the message holds what openssl printed.
 */
export async function shownCertificate(
  to: TcpAddress,
  serverName: string,
): Promise<X509Certificate> {
  const { output } = await opensslConnect(to, { serverName });
  const pem = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(output);
  if (pem === null) throw new Error(`No certificate for ${serverName}:\n${output}`);
  return new X509Certificate(pem[0]);
}

/** Returns the SHA-256 of a certificate as 64 lower-case hex digits. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(":", "").toLowerCase();
}
