/**
 * Says why a server's certificate is not trusted, in words for the log that name the setting which
 * would change it. Pure.
 *
 * @module
 */
import { Failure } from "../../base/failures.ts";

/** Texts of the TLS library and of ours, and what to do about them. The first that matches counts. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/expired/i, "renew the server's certificate"],
  [/not yet valid/i, "compare the clocks of both hosts"],
  [/altname/i, 'set "upstream_tls.server_name" to a name of the certificate'],
  [
    /fingerprint/i,
    'set "upstream_tls.fingerprint" to this value if the server\'s certificate was meant to change',
  ],
  [/version 3/i, "make the server a certificate of X.509 version 3"],
  [
    /self.signed|unable to|UNABLE_TO|readable/i,
    'set "upstream_tls.ca" to the authority\'s certificate, or "upstream_tls.fingerprint" to the ' +
    "server's",
  ],
];

/** Makes the failure of a server whose certificate does not prove that it is `serverName`. */
export function untrusted(serverName: string, reason: string): Failure {
  const hint = HINTS.find(([pattern]) => pattern.test(reason))?.[1];
  const text = `Cannot trust ${serverName}: ${reason}`;
  return new Failure("upstream_untrusted", hint === undefined ? text : `${text}; hint: ${hint}`);
}
