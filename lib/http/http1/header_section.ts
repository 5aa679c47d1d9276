/**
 * Splits a header or trailer section into its lines (RFC 9112 §5, §7.1.2). Pure. Input comes from
 * strangers.
 *
 * @module
 */
import { HEADER_LINES_MAX } from "../../base/limits.ts";
import type { HeaderLine } from "../message.ts";
import { endOfFieldValue, endOfToken, sliceTrimmed } from "./grammar.ts";

/** A section's lines, or why there are none. */
export type HeaderSection =
  | { readonly kind: "lines"; readonly lines: HeaderLine[] }
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "too_large"; readonly reason: string };

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

/**
 * Parses the lines from `start` up to the empty line. A line that begins with whitespace (obs-fold,
 * §5.2) and whitespace before the colon (§5.1) are refused: both were used to smuggle.
 *
 * @param text Latin1 text that ends with CRLF CRLF, or with CRLF if there are no lines.
 */
export function parseHeaderSection(text: string, start: number): HeaderSection {
  const lines: HeaderLine[] = [];
  let from = start;
  while (!isLineEnd(text, from)) {
    if (from === text.length) return { kind: "malformed", reason: "header section is cut off" };
    if (lines.length === HEADER_LINES_MAX) {
      return { kind: "too_large", reason: `more than ${HEADER_LINES_MAX} header lines` };
    }
    const nameEnd = endOfToken(text, from);
    const end = endOfFieldValue(text, nameEnd + 1);
    if (nameEnd === from || text.charCodeAt(nameEnd) !== COLON || !isLineEnd(text, end)) {
      return { kind: "malformed", reason: `header line ${lines.length + 1} breaks the grammar` };
    }
    lines.push([text.slice(from, nameEnd), sliceTrimmed(text, nameEnd + 1, end)]);
    from = end + 2;
  }
  return { kind: "lines", lines };
}

function isLineEnd(text: string, at: number): boolean {
  return text.charCodeAt(at) === CR && text.charCodeAt(at + 1) === LF;
}
