/**
 * Splits a header or trailer section into its lines (RFC 9112 §5, §7.1.2). Pure. Input comes from
 * strangers.
 *
 * @module
 */
import { HEADER_LINES_MAX } from "../../base/limits.ts";
import type { HeaderLine } from "../message.ts";
import { parseHeaderLine } from "./grammar.ts";

/** A section's lines, or why there are none. */
export type HeaderSection =
  | { readonly kind: "lines"; readonly lines: HeaderLine[] }
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "too_large"; readonly reason: string };

/**
 * Parses the lines from `start` up to the empty line.
 *
 * @param text Latin1 text that ends with CRLF CRLF, or with CRLF if there are no lines.
 */
export function parseHeaderSection(text: string, start: number): HeaderSection {
  const lines: HeaderLine[] = [];
  for (let from = start;;) {
    const end = text.indexOf("\r\n", from);
    if (end < 0) return { kind: "malformed", reason: "header section is cut off" };
    if (end === from) return { kind: "lines", lines };
    if (lines.length === HEADER_LINES_MAX) {
      return { kind: "too_large", reason: `more than ${HEADER_LINES_MAX} header lines` };
    }
    const line = parseHeaderLine(text.slice(from, end));
    if (line === undefined) {
      return { kind: "malformed", reason: `header line ${lines.length + 1} breaks the grammar` };
    }
    lines.push(line);
    from = end + 2;
  }
}
