/**
 * What can go wrong with a certificate authority, in fields. Pure.
 *
 * @module
 */
import { z } from "zod";

/** How it failed. */
export type AcmeErrorKind =
  /** The CA answered with an error, as a problem document or otherwise. */
  | "problem"
  /** It gave no answer: name, connection, TLS or time. */
  | "unreachable"
  /** It answered something that is not ACME. */
  | "unexpected"
  /** It answered, but did not finish in time. */
  | "timeout";

/** One identifier's share of a problem (RFC 8555 §6.7.1). */
export interface AcmeSubproblem {
  readonly type: string;
  readonly detail: string;
}

/** The fields of an {@linkcode AcmeError}. */
export interface AcmeErrorFields {
  /** HTTP status; 0 if there was no answer. */
  readonly status?: number;
  /** Without its prefix `urn:ietf:params:acme:error:`; empty if there is none (RFC 8555 §6.7). */
  readonly type?: string;
  /** For a person; from the CA, with tokens taken out. */
  readonly detail: string;
  /** How long the CA asks us to wait, in milliseconds from now (RFC 8555 §6.6). */
  readonly retryAfterMs?: number;
  readonly subproblems?: readonly AcmeSubproblem[];
  readonly cause?: unknown;
}

/** Work with the CA that stopped. */
export class AcmeError extends Error {
  override readonly name = "AcmeError";
  readonly kind: AcmeErrorKind;
  readonly status: number;
  readonly type: string;
  readonly detail: string;
  readonly retryAfterMs: number | undefined;
  readonly subproblems: readonly AcmeSubproblem[];

  constructor(kind: AcmeErrorKind, fields: AcmeErrorFields) {
    const { status = 0, type = "", retryAfterMs, subproblems = [], cause } = fields;
    const detail = redactTokens(fields.detail);
    const what = type !== "" ? `${type}: ` : status >= 400 ? `HTTP status ${status}: ` : "";
    super(`${what}${detail}`, { cause });
    this.kind = kind;
    this.status = status;
    this.type = type;
    this.detail = detail;
    this.retryAfterMs = retryAfterMs;
    this.subproblems = subproblems;
  }
}

const SUBPROBLEMS_MAX = 20;
const DETAIL_MAX_CHARACTERS = 500;

/** A problem document (RFC 9457) as ACME uses it (RFC 8555 §6.7). Wrong fields count as missing. */
export const ProblemSchema = z.object({
  type: z.string().catch(""),
  detail: z.string().catch(""),
  status: z.number().optional().catch(undefined),
  subproblems: z.array(z.object({ type: z.string().catch(""), detail: z.string().catch("") }))
    .catch([]),
});

/** A parsed problem document. */
export type Problem = z.infer<typeof ProblemSchema>;

/** Makes an error of a problem, which came with an HTTP status or stood in a resource. */
export function problemError(
  problem: Problem,
  options: { status: number; retryAfterMs?: number | undefined },
): AcmeError {
  const subproblems = problem.subproblems.slice(0, SUBPROBLEMS_MAX).map((subproblem) => ({
    type: shortType(subproblem.type),
    detail: redactTokens(subproblem.detail),
  }));
  const type = shortType(problem.type);
  const detail = problem.detail === "" ? "no detail given" : problem.detail;
  return new AcmeError("problem", { ...options, type, detail, subproblems });
}

/** Makes an error of an answer's body, whatever it is: proxies in front of a CA answer in HTML. */
export function bodyError(
  body: string,
  options: { status: number; retryAfterMs?: number | undefined },
): AcmeError {
  const parsed = ProblemSchema.safeParse(parseJson(body));
  if (parsed.success) return problemError(parsed.data, options);
  const text = body.replace(/<[^<>]*>|\s+/g, " ").trim();
  return new AcmeError("problem", { ...options, detail: text === "" ? "empty answer" : text });
}

/** @returns undefined if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The caller's schema refuses it.
  }
}

function shortType(type: string): string {
  return type.replace(/^urn:ietf:params:acme:error:/, "").slice(0, 100);
}

/** CAs quote the challenge URL and the key authorization; neither belongs into a log. */
function redactTokens(detail: string): string {
  return detail.slice(0, DETAIL_MAX_CHARACTERS)
    .replace(/(\/\.well-known\/acme-challenge\/)[\w-]+/g, "$1…")
    .replace(/(?<![\w.-])[\w-]{40,}(?:\.[\w-]{40,})?(?![\w.-])/g, "…");
}
