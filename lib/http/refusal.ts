/**
 * Requests that Postern refuses itself: whoever refuses says why, and whoever serves the connection
 * counts it and tells the log, so that a policy needs neither. Input comes from strangers.
 *
 * @module
 */
import { type Endpoint, formatEndpoint } from "../base/addresses.ts";
import type { CounterName } from "../base/counters.ts";
import { plainAnswer } from "./answer.ts";
import type { LoopbackEnvironment } from "./loopback_server.ts";
import type { Answer, HeaderLine } from "./message.ts";

/** Why a request is refused, for the log. */
export interface Refusal {
  readonly counter: CounterName;
  readonly reason: string;
  readonly client: Endpoint;
  /** What the client asked for; undefined if that could not be read. */
  readonly host: string | undefined;
}

/** What is answered to whom. */
export interface RefusalOptions {
  readonly status: number;
  /** For the client and the log. Latin1. */
  readonly reason: string;
  /** Default `request_refused`. */
  readonly counter?: CounterName;
  readonly headers?: readonly HeaderLine[];
}

/** With 405 (RFC 9110 §15.5.6): what passes here; what a resource allows only its server knows. */
export const ALLOW: HeaderLine = ["Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"];

/** Builds the answer to a request that is refused. The request's body is left to the caller. */
export function refuseRequest(
  request: { readonly client: Endpoint; readonly authority?: string },
  { status, reason, counter, headers = [] }: RefusalOptions,
): Answer {
  const lines = status === 405 ? [...headers, ALLOW] : headers;
  return markRefused(plainAnswer(status, reason, lines), request, { reason, counter });
}

/** Makes any answer the answer to a request that is refused. */
export function markRefused(
  answer: Answer,
  { client, authority }: { readonly client: Endpoint; readonly authority?: string },
  { reason, counter = "request_refused" }: Pick<RefusalOptions, "reason"> & {
    readonly counter: CounterName | undefined;
  },
): Answer {
  return { ...answer, refusal: { counter, reason, client, host: authority } };
}

/** Counts an answer that refuses its request, and logs the first of each kind. Others pass unseen. */
export function reportRefusal(
  { counters, log, sampler }: Pick<LoopbackEnvironment, "counters" | "log" | "sampler">,
  { refusal, status }: Answer,
): void {
  if (refusal === undefined) return;
  const { client, counter, host, reason } = refusal;
  counters.add(counter);
  const heldBack = sampler.admit(`${counter} ${status}`);
  if (heldBack === undefined) return;
  log.info("Refused a request", {
    client: formatEndpoint(client),
    host,
    status,
    reason,
    heldBack: heldBack === 0 ? undefined : heldBack,
  });
}
