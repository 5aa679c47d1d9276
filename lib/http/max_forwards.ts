/**
 * `Max-Forwards` (RFC 9110 §7.6.2): how many more proxies an `OPTIONS` or a `TRACE` may pass; whoever
 * gets it with 0 answers it. Pure. Input comes from strangers.
 *
 * @module
 */
import type { Exchange } from "./exchange.ts";
import { isFieldName } from "./http1/grammar.ts";
import type { Answer, HeaderLine } from "./message.ts";
import { withFields } from "./policy/with_fields.ts";
import { ALLOW } from "./refusal.ts";

const COUNT = /^\d{1,9}$/;

/** What is to be done with a request. */
export type CountedForward =
  | { readonly kind: "forward"; readonly exchange: Exchange }
  | { readonly kind: "answer"; readonly answer: Answer };

/** Says whether the field counts for a method; for others it means nothing. */
export function countsForwards(method: string): boolean {
  return method === "OPTIONS" || method === "TRACE";
}

/** Counts this proxy. What is no number is passed on as it is. @param exchange One whose method counts. */
export function countForward(exchange: Exchange): CountedForward {
  const { headers, method } = exchange;
  const isCount = ([name, value]: HeaderLine) =>
    isFieldName(name, "max-forwards") && COUNT.test(value);
  const counts = headers.filter(isCount);
  if (counts.length === 0) return { kind: "forward", exchange };
  if (counts.some(([, value]) => Number(value) === 0)) {
    return { kind: "answer", answer: answerLast(method) };
  }
  const counted = headers.map((line): HeaderLine =>
    isCount(line) ? [line[0], String(Number(line[1]) - 1)] : line
  );
  return { kind: "forward", exchange: withFields(exchange, { headers: counted }) };
}

/** A trace would show scripts what their browser adds, cookies for instance: there is none (§9.3.8). */
function answerLast(method: string): Answer {
  const status = method === "OPTIONS" ? 204 : 405;
  return { status, reason: "", headers: [ALLOW], body: undefined, isOwn: true };
}
