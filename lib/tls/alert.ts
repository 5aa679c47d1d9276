/**
 * TLS alerts that are sent before any key is known: two plain bytes in one record. Pure; sending,
 * lingering and closing are the relay's.
 *
 * @module
 */

/** The alert descriptions that are in use here with their codes (RFC 8446 §6, RFC 7301 §3.2). */
export const ALERTS = {
  close_notify: 0,
  unexpected_message: 10,
  record_overflow: 22,
  handshake_failure: 40,
  illegal_parameter: 47,
  access_denied: 49,
  decode_error: 50,
  protocol_version: 70,
  internal_error: 80,
  unrecognized_name: 112,
  no_application_protocol: 120,
} as const;

/** The name of an alert, as the RFC spells it. */
export type AlertDescription = keyof typeof ALERTS;

const RECORD_TYPE_ALERT = 21;
const LEVEL_WARNING = 1;
const LEVEL_FATAL = 2;
const TLS_1_0 = 0x0301;
const TLS_1_2 = 0x0303;

/**
 * Encodes an alert as a whole TLS record of 7 bytes.
 *
 * @param recordVersion The hello's `legacyVersion` just as the stranger sent it, or nothing if there
 * is none. It is brought into TLS 1.0 to 1.2: no later version stands in a record (RFC 8446 §5.1),
 * and a client of TLS 1.0 may drop a record of a version it has never heard of.
 * @returns A fatal alert, but for `close_notify`, which is a warning (RFC 5246 §7.2.1).
 */
export function encodeAlert(
  description: AlertDescription,
  recordVersion: number = TLS_1_2,
): Uint8Array<ArrayBuffer> {
  const version = Math.min(Math.max(recordVersion, TLS_1_0), TLS_1_2);
  const level = description === "close_notify" ? LEVEL_WARNING : LEVEL_FATAL;
  return Uint8Array.of(
    RECORD_TYPE_ALERT,
    version >> 8,
    version & 0xff,
    0,
    2,
    level,
    ALERTS[description],
  );
}
