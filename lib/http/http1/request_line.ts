/**
 * The first line of a request (RFC 9112 §3): method, target and version with one space between them.
 * The leniency that §3 allows for (other whitespace, several spaces) is what requests are smuggled
 * with. Pure. Input comes from strangers.
 *
 * @module
 */
import { isRequestTarget, isToken } from "./grammar.ts";

/** A request line. */
export interface RequestLine {
  readonly kind: "line";
  readonly method: string;
  /** Visible ASCII, in any of its forms. */
  readonly target: string;
  /** The minor HTTP version, 0 or 1. */
  readonly version: number;
}

/** What {@linkcode parseRequestLine} found. */
export type ParsedRequestLine =
  | RequestLine
  | { readonly kind: "malformed"; readonly reason: string }
  /** HTTP, but not 1.x; HTTP/2 begins with such a line as well (RFC 9113 §3.4). */
  | { readonly kind: "version"; readonly reason: string };

const OTHER_VERSION = /^HTTP\/[2-9]\.[0-9]$/;

/** Parses the line without its CRLF. */
export function parseRequestLine(line: string): ParsedRequestLine {
  const first = line.indexOf(" ");
  const last = line.lastIndexOf(" ");
  const method = line.slice(0, first);
  const target = line.slice(first + 1, last);
  if (first < 1 || !isToken(method) || !isRequestTarget(target)) {
    return { kind: "malformed", reason: "request line breaks the grammar" };
  }
  switch (line.slice(last + 1)) {
    case "HTTP/1.1":
      return { kind: "line", method, target, version: 1 };
    case "HTTP/1.0":
      return { kind: "line", method, target, version: 0 };
    default:
      return OTHER_VERSION.test(line.slice(last + 1))
        ? { kind: "version", reason: "only HTTP/1.1 and HTTP/1.0 are spoken here" }
        : { kind: "malformed", reason: "no such HTTP version" };
  }
}
