/**
 * When a certificate is to be renewed: at the moment chosen from the CA's suggestion, else after a
 * share of its life. Shares, not days: lives go from 90 days down to 6, and tests have seconds. Pure.
 *
 * @module
 */
import {
  RENEWAL_JITTER_SHARE,
  RENEWAL_LATEST_SHARE,
  RENEWAL_LIFETIME_SHARE,
  RENEWAL_QUIET_MAX_MS,
  RENEWAL_QUIET_SHARE,
} from "../base/certificate_limits.ts";
import type { Certificate } from "../tls/certificate.ts";
import type { RenewalInfo } from "./renewal_info.ts";

/** The dates and the serial number are all that counts. */
export type CertificateDates = Pick<Certificate, "notBeforeAt" | "notAfterAt" | "serial">;

/**
 * Returns the moment in milliseconds since 1970.
 *
 * @param chosenAt The moment that was chosen in the CA's window, if it suggests one.
 */
export function renewalDueAt(certificate: CertificateDates, chosenAt?: number): number {
  const { notBeforeAt, notAfterAt } = certificate;
  const lifetimeMs = notAfterAt - notBeforeAt;
  // A window by mistake in next year must not let the certificate run out.
  if (chosenAt !== undefined) {
    return Math.min(chosenAt, notBeforeAt + lifetimeMs * RENEWAL_LATEST_SHARE);
  }
  const share = RENEWAL_LIFETIME_SHARE - RENEWAL_JITTER_SHARE * spread(certificate.serial);
  return notBeforeAt + lifetimeMs * share;
}

/** Returns for how many milliseconds after its issuance a certificate is not renewed. */
export function quietMs({ notBeforeAt, notAfterAt }: CertificateDates): number {
  return Math.min(RENEWAL_QUIET_MAX_MS, RENEWAL_QUIET_SHARE * (notAfterAt - notBeforeAt));
}

/** Chooses a uniform random moment in the CA's window (RFC 9773 §4.2). @param random 0 to 1. */
export function chooseMoment({ startAt, endAt }: RenewalInfo, random: () => number): number {
  return startAt + random() * (endAt - startAt);
}

/** 0 to 1, the same after a restart: the low digits of a serial number are random (CA/B Forum). */
function spread(serial: string): number {
  const digits = parseInt(serial.slice(-6), 16);
  return Number.isNaN(digits) ? 0 : digits / 0xffffff;
}
