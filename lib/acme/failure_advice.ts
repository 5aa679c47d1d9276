/**
 * What a person can do about a failed attempt. Pure.
 *
 * @module
 */
import { errorText } from "../base/failures.ts";
import { StateError } from "../state/state_error.ts";
import { AcmeError } from "./acme_error.ts";

/** A failure in words. */
export interface FailureAdvice {
  readonly reason: string;
  readonly hint: string | undefined;
  /** What the CA asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** Explains what was thrown while a certificate for `hostname` was being got. */
export function adviseFailure(error: unknown, hostname: string): FailureAdvice {
  if (error instanceof StateError) {
    return { reason: error.message, hint: error.hint, retryAfterMs: undefined };
  }
  if (!(error instanceof AcmeError)) {
    return { reason: errorText(error), hint: undefined, retryAfterMs: undefined };
  }
  const details = error.subproblems.map(({ type, detail }) => `${type}: ${detail}`);
  const reason = [error.message, ...details].join("; ");
  return { reason, hint: hintFor(error, hostname), retryAfterMs: error.retryAfterMs };
}

/** By error type of RFC 8555 §6.7. */
const HINTS: Readonly<Record<string, (hostname: string) => string>> = {
  connection: (hostname) =>
    `the CA could not reach http://${hostname}/.well-known/acme-challenge/ on port 80: ` +
    "open it in the firewall, and forward it to this host",
  dns: (hostname) => `make an A or AAAA record of ${hostname} point to this host`,
  unauthorized: (hostname) =>
    `somebody else answers http://${hostname}/ on port 80: see whether its A and AAAA records ` +
    "point to this host, and nowhere else",
  incorrectResponse: (hostname) =>
    `somebody else answers http://${hostname}/ on port 80: see whether its A and AAAA records ` +
    "point to this host, and nowhere else",
  tls: (hostname) => `http://${hostname}/ redirects to https before it reaches Postern`,
  caa: (hostname) => `a CAA record of ${hostname} does not allow this CA; see: dig CAA ${hostname}`,
  rateLimited: () => "a limit of the CA; it is tried again later, a restart does not help",
  rejectedIdentifier: () =>
    'this CA does not issue for the name; "certificate: internal" or an own certificate would do',
  invalidContact: () => 'correct "acme.email", or leave it out',
  unsupportedContact: () => 'correct "acme.email", or leave it out',
  externalAccountRequired: () => 'use another "acme.directory"',
  userActionRequired: () => "the CA wants its new terms to be agreed to; see the link above",
};

function hintFor(error: AcmeError, hostname: string): string | undefined {
  const hint = HINTS[error.type] ?? HINTS[error.subproblems[0]?.type ?? ""];
  if (hint !== undefined) return hint(hostname);
  if (error.kind === "timeout") return "the CA is slow; it is tried again";
  if (error.kind === "unexpected") return 'see whether "acme.directory" is the URL of a directory';
  if (error.kind !== "unreachable") return undefined;
  return /certificate|UnknownIssuer/i.test(error.detail)
    ? 'for a private CA, name its root certificate in "acme.ca"; see whether the clock is right'
    : 'see whether this host can reach the URL of "acme.directory"';
}
