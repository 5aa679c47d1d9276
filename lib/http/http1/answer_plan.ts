/**
 * How an answer is framed for its client (RFC 9112 §6): what is written about its length, whether its
 * body is sent, and whether the connection can live on. Pure.
 *
 * @module
 */
import { isBodiless } from "../answer.ts";
import type { Answer, HeaderLine } from "../message.ts";
import { isFieldName } from "./grammar.ts";
import type { ParsedRequest } from "./parse_request.ts";

/** The line of the head that tells where the message ends. */
export type AnswerFraming =
  /** Nothing is said: the status or the method says it. */
  | { readonly kind: "none" }
  /** As text, for a length is passed on as it came. */
  | { readonly kind: "length"; readonly length: string }
  | { readonly kind: "chunked" }
  /** The body ends with the connection. */
  | { readonly kind: "close" };

/** What is to be written. */
export interface AnswerPlan {
  readonly framing: AnswerFraming;
  readonly sendsBody: boolean;
}

const NONE: AnswerPlan = { framing: { kind: "none" }, sendsBody: false };
const CHUNKED: AnswerPlan = { framing: { kind: "chunked" }, sendsBody: true };
const CLOSE: AnswerPlan = { framing: { kind: "close" }, sendsBody: true };

/** Plans an answer to a request. */
export function planAnswer(
  { method, version }: Pick<ParsedRequest, "method" | "version">,
  answer: Answer,
): AnswerPlan {
  const { body, status } = answer;
  if (isBodiless(status) && status !== 304) return NONE;
  if (method === "HEAD" || status === 304) {
    const length = lengthOf(body) ?? statedLength(answer.headers);
    return length === undefined ? NONE : { framing: { kind: "length", length }, sendsBody: false };
  }
  if (body === undefined) return { framing: { kind: "length", length: "0" }, sendsBody: false };
  const hasTrailers = body instanceof Uint8Array && (answer.trailers?.length ?? 0) > 0;
  const length = hasTrailers && version === 1 ? undefined : lengthOf(body);
  if (length !== undefined) return { framing: { kind: "length", length }, sendsBody: true };
  return version === 1 ? CHUNKED : CLOSE;
}

function lengthOf(body: Answer["body"]): string | undefined {
  return body?.length === undefined ? undefined : `${body.length}`;
}

/** RFC 9110 §8.6: what a GET would have got. Only a number is passed on, and once. */
function statedLength(headers: readonly HeaderLine[]): string | undefined {
  for (const [name, value] of headers) {
    if (isFieldName(name, "content-length")) return /^\d{1,15}$/.test(value) ? value : undefined;
  }
  return undefined;
}
