/**
 * Renewal information (RFC 9773): when the CA suggests to renew a certificate. Does I/O. Input comes
 * from strangers.
 *
 * @module
 */
import { z } from "zod";
import {
  RENEWAL_INFO_PAUSE_MAX_MS,
  RENEWAL_INFO_PAUSE_MIN_MS,
  RENEWAL_INFO_PAUSE_MS,
} from "../base/certificate_limits.ts";
import type { Certificate } from "../tls/certificate.ts";
import { loadX509 } from "../tls/x509.ts";
import type { AcmeClient } from "./client.ts";
import { encodeBase64url } from "./jws.ts";
import { parseResource } from "./resource.ts";

/** When to renew, and when to ask again. */
export interface RenewalInfo {
  /** Milliseconds since 1970; renewal belongs at a random moment between them. */
  readonly startAt: number;
  /** After `startAt`. */
  readonly endAt: number;
  /** Milliseconds until the CA wants to be asked again: one minute to one day. */
  readonly pauseMs: number;
}

const moment = z.string().transform((text) => Date.parse(text)).pipe(z.number());

/** RFC 9773 §4.2. */
const RenewalInfoSchema = z.object({
  suggestedWindow: z.object({ start: moment, end: moment })
    // §4.2: clients must ignore windows whose end is not after their start.
    .refine(({ start, end }) => end > start, "the end is not after the start"),
});

/**
 * Makes the id by which a CA knows a certificate (RFC 9773 §4.1): key identifier of its issuer and
 * serial number, base64url.
 *
 * @returns undefined if the certificate does not identify its issuer's key.
 */
export async function makeRenewalId(certificate: Certificate): Promise<string | undefined> {
  const x509 = await loadX509();
  const leaf = new x509.X509Certificate(certificate.certPem);
  const issuer = leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId;
  if (issuer === undefined) return undefined;
  // The content of a DER INTEGER, which has a zero in front where the first bit is set.
  const hex = certificate.serial.length % 2 === 0 ? certificate.serial : `0${certificate.serial}`;
  const serial = /^[89A-F]/i.test(hex) ? `00${hex}` : hex;
  return [issuer, serial].map((part) => encodeBase64url(Uint8Array.fromHex(part))).join(".");
}

/**
 * Asks the CA.
 *
 * @returns undefined if it gives no such information.
 * @throws {AcmeError} If it does not answer, or nonsense.
 */
export async function readRenewalInfo(
  client: AcmeClient,
  renewalId: string,
  signal: AbortSignal,
): Promise<RenewalInfo | undefined> {
  const { renewalInfo } = await client.directory(signal);
  if (renewalInfo === undefined) return undefined;
  const url = `${renewalInfo.replace(/\/$/, "")}/${renewalId}`;
  const answer = await client.get(url, signal);
  const label = { what: "renewal information", url };
  const { start, end } = parseResource(answer, RenewalInfoSchema, label).suggestedWindow;
  const asked = answer.retryAfterMs ?? RENEWAL_INFO_PAUSE_MS;
  const pauseMs = Math.min(Math.max(asked, RENEWAL_INFO_PAUSE_MIN_MS), RENEWAL_INFO_PAUSE_MAX_MS);
  return { startAt: start, endAt: end, pauseMs };
}
