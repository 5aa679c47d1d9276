/**
 * The fields of an answer as HTTP/2 has them (RFC 9113 §8.2): what the application has said, in lower
 * case, without what concerns one connection only (RFC 9110 §7.6.1), and with a date and a length of our
 * own. Whether they can be sent at all, the encoder says. Pure.
 *
 * @module
 */
import { isHopByHopField } from "../../base/hop_by_hop.ts";
import { withoutHopByHop } from "../headers.ts";
import { planAnswer } from "../http1/answer_plan.ts";
import { isFieldName, trimOws } from "../http1/grammar.ts";
import { isTrailerAllowed } from "../http1/trailer_fields.ts";
import type { Answer, HeaderLine } from "../message.ts";
import { isPadded } from "./field_grammar.ts";
import { STATIC_FIELDS } from "./hpack/static_table.ts";

/** What is written. */
export interface AnswerFields {
  readonly fields: HeaderLine[];
  readonly sendsBody: boolean;
}

/** Of nearly every answer; the static table has most others. */
const USUAL_NAMES = [
  "access-control-allow-credentials",
  "access-control-allow-headers",
  "access-control-allow-methods",
  "access-control-expose-headers",
  "access-control-max-age",
  "alt-svc",
  "content-security-policy",
  "cross-origin-opener-policy",
  "cross-origin-resource-policy",
  "permissions-policy",
  "pragma",
  "referrer-policy",
  "server-timing",
  "x-content-type-options",
  "x-frame-options",
  "x-powered-by",
  "x-request-id",
  "x-xss-protection",
] as const;

/** From usual names as upstreams write them, "content-type" and "Content-Type", to how they are sent. */
const LOWER_NAMES: ReadonlyMap<string, string> = makeLowerNames();

/**
 * Makes the fields of a final answer: its status is said elsewhere. The length is written anew, as over
 * HTTP/1.1: said twice, each reader would take another one.
 *
 * @param method Of the request.
 * @param dateText For an answer without a Date.
 */
export function answerFields(method: string, answer: Answer, dateText: string): AnswerFields {
  const { framing, sendsBody } = planAnswer({ method, version: 1 }, answer);
  const fields: HeaderLine[] = [];
  const isDated = addFields(fields, answer.headers);
  if (!isDated) fields.push(["date", dateText]);
  if (framing.kind === "length") fields.push(["content-length", framing.length]);
  return { fields, sendsBody };
}

/** Makes the fields of an interim (1xx) response. */
export function interimFields(headers: readonly HeaderLine[]): HeaderLine[] {
  const fields: HeaderLine[] = [];
  addFields(fields, headers);
  return fields;
}

/**
 * Makes the fields of a trailer section; lines that have no place in one are left out, see
 * `isTrailerAllowed`.
 *
 * @param headers Of the same message: what it has said in its head, its trailers cannot say otherwise.
 */
export function trailerFields(
  trailers: readonly HeaderLine[],
  headers: readonly HeaderLine[],
): HeaderLine[] {
  return trailers.filter(([name, value]) => isTrailerAllowed(name, value, headers)).map(toField);
}

/** @returns Whether there is a Date among them. */
function addFields(fields: HeaderLine[], headers: readonly HeaderLine[]): boolean {
  let isDated = false;
  const kept = headers.some(mayNominate) ? withoutHopByHop(headers) : headers;
  for (const line of kept) {
    const field = toField(line);
    const [name] = field;
    if (name === "content-length" || isHopByHopField(name)) continue;
    if (name === "date") isDated = true;
    fields.push(field);
  }
  return isDated;
}

/** RFC 9113 §8.2.1: whitespace around a value is malformed. */
function toField(line: HeaderLine): HeaderLine {
  const [name, value] = line;
  const lower = LOWER_NAMES.get(name) ?? name.toLowerCase();
  const trimmed = isPadded(value) ? trimOws(value) : value;
  return lower === name && trimmed === value ? line : [lower, trimmed];
}

/** Says whether a line may name other fields that go with it (RFC 9110 §7.6.1), as hardly any does. */
function mayNominate([name, value]: HeaderLine): boolean {
  return isFieldName(name, "connection") && value !== "keep-alive" && value !== "close";
}

function makeLowerNames(): Map<string, string> {
  const names = new Map<string, string>();
  for (const name of [...STATIC_FIELDS.map(([name]) => name), ...USUAL_NAMES]) {
    names.set(name, name);
    names.set(name.replaceAll(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase()), name);
  }
  for (const name of ["ETag", "WWW-Authenticate", "X-XSS-Protection", "X-Request-ID"]) {
    names.set(name, name.toLowerCase());
  }
  return names;
}
