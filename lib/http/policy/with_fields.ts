/**
 * Exchanges and answers that differ in some fields from others. Whoever made the first may have made
 * it with getters or a class, which spreading would lose. Pure.
 *
 * @module
 */
import type { Exchange } from "../exchange.ts";
import type { Answer, HeaderLine } from "../message.ts";

/** Returns an exchange that is the same but for some fields. */
export function withFields(exchange: Exchange, fields: Partial<Exchange>): Exchange {
  return {
    method: exchange.method,
    target: exchange.target,
    authority: exchange.authority,
    hostname: exchange.hostname,
    headers: exchange.headers,
    body: exchange.body,
    scheme: exchange.scheme,
    httpVersion: exchange.httpVersion,
    client: exchange.client,
    trustedProxy: exchange.trustedProxy,
    signal: exchange.signal,
    upgrade: exchange.upgrade,
    expectsContinue: exchange.expectsContinue,
    sendInterim: (status, headers) => exchange.sendInterim(status, headers),
    ...fields,
  };
}

/** Returns an answer with other header lines, and the body of the first. */
export function withHeaders(answer: Answer, headers: readonly HeaderLine[]): Answer {
  const { status, reason, body, trailers, tunnel, isOwn, refusal } = answer;
  return { status, reason, headers, body, trailers, tunnel, isOwn, refusal };
}
