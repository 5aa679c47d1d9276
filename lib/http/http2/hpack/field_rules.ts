/**
 * Which fields of an answer are worth remembering (RFC 7541 §7.1): those that say the same each time
 * are entered into the table, those that do not would only drive the others out, and secrets are
 * never entered, by any intermediary either (§7.1.3). Plain data. Pure.
 *
 * @module
 */
import { STATIC_FIELDS } from "./static_table.ts";

/** How a literal is written (RFC 7541 §6.2): the bits that its first byte begins with. */
export const LITERAL = {
  incremental: 0x40,
  withoutIndexing: 0x00,
  neverIndexed: 0x10,
} as const;

/** One of {@linkcode LITERAL}. */
export type Literal = typeof LITERAL[keyof typeof LITERAL];

/** How fields of one name are written. */
export interface FieldRule {
  readonly name: string;
  readonly literal: Literal;
  /** Of the name in the static table; 0 if it is not there. */
  readonly staticIndex: number;
}

/** Other with each answer, or with each resource. */
const CHANGING = [
  "age",
  "content-disposition",
  "content-length",
  "content-location",
  "content-range",
  "date",
  "etag",
  "expires",
  "last-modified",
  "link",
  "location",
  "refresh",
  "retry-after",
  "server-timing",
  "x-request-id",
  "x-runtime",
  // Of trailers.
  "content-digest",
  "repr-digest",
] as const;

/** §7.1: guessed character by character from how large an answer becomes, if they were entered. */
const SECRET = [
  "authentication-info",
  "authorization",
  "cookie",
  "set-cookie",
  "www-authenticate",
  "x-csrf-token",
  "x-xsrf-token",
] as const;

/** By name, in lower case, no pseudo-field; what is not there is entered, and has no static index. */
export const FIELD_RULES: ReadonlyMap<string, FieldRule> = makeRules();

function makeRules(): Map<string, FieldRule> {
  const rules = new Map<string, FieldRule>();
  for (const [index, [name]] of STATIC_FIELDS.entries()) {
    if (rules.has(name) || !/^[a-z]/.test(name)) continue;
    rules.set(name, { name, literal: LITERAL.incremental, staticIndex: index });
  }
  const write = (name: string, literal: Literal) =>
    rules.set(name, { name, literal, staticIndex: rules.get(name)?.staticIndex ?? 0 });
  for (const name of CHANGING) write(name, LITERAL.withoutIndexing);
  for (const name of SECRET) write(name, LITERAL.neverIndexed);
  return rules;
}
