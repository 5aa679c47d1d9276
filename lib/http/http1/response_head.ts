/**
 * The head of a response: status line and header lines (RFC 9112 §4, §5). Pure. Input comes from
 * strangers.
 *
 * @module
 */
import type { HeaderLine } from "../message.ts";
import { isFieldValue } from "./grammar.ts";
import { parseHeaderSection } from "./header_section.ts";

/** A response without its body. */
export interface ResponseHead {
  /** 100 to 599. */
  readonly status: number;
  /** Often empty. */
  readonly reason: string;
  /** The minor HTTP version, 0 or 1. */
  readonly version: number;
  readonly headers: HeaderLine[];
}

/** A head, or why there is none. */
export type ParsedResponseHead =
  | { readonly kind: "head"; readonly head: ResponseHead }
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "too_large"; readonly reason: string };

/** `HTTP/1.1 200 `: where the reason begins. */
const REASON_START = "HTTP/1.1 200 ".length;

/**
 * A status outside 100 to 599 is not HTTP (RFC 9110 §15). The space before an empty reason is
 * demanded by §4 but left out by enough servers to be let through: nothing can be read into it.
 */
const STATUS_LINE = /^HTTP\/1\.[01] [1-5][0-9][0-9](?: |$)/;

/** Parses a whole head, given as latin1 text from the status line to the empty line. */
export function parseResponseHead(text: string): ParsedResponseHead {
  const end = text.indexOf("\r\n");
  const line = text.slice(0, end);
  const reason = line.slice(REASON_START);
  if (!STATUS_LINE.test(line) || !isFieldValue(reason)) {
    return { kind: "malformed", reason: "status line breaks the grammar" };
  }
  const section = parseHeaderSection(text, end + 2);
  if (section.kind !== "lines") return section;
  const status = Number(line.slice(REASON_START - 4, REASON_START - 1));
  const version = Number(line[REASON_START - 6]);
  return { kind: "head", head: { status, reason, version, headers: section.lines } };
}
