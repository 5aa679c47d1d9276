/**
 * Where a message ends (RFC 9112 §6), the same rules for both directions; each then adds its own.
 * Pure. Input comes from strangers: two readers that disagree here are how requests are smuggled, so
 * whatever is doubtful is refused.
 *
 * @module
 */
import type { HeaderLine } from "../message.ts";
import { isFieldName, trimOws } from "./grammar.ts";

/** What Content-Length and Transfer-Encoding say. */
export type Framing =
  /** Neither is there. */
  | { readonly kind: "none" }
  /** `repeated`: the length was given several times, with the same value each time. */
  | { readonly kind: "length"; readonly length: number; readonly repeated: boolean }
  | { readonly kind: "chunked" }
  | { readonly kind: "malformed"; readonly reason: string };

/** How a response's body ends. */
export type ResponseFraming =
  /** There is none, and the next byte belongs to another response. */
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  /** With the connection. */
  | { readonly kind: "close" }
  | { readonly kind: "malformed"; readonly reason: string };

const NONE = { kind: "none" } as const;

/** 15 digits are below 2^53, so that a `number` holds every length exactly; a petabyte is enough. */
const LENGTH = /^[0-9]{1,15}$/;

/**
 * Reads Content-Length and Transfer-Encoding. Both together are malformed (§6.1), and so is every
 * transfer coding but a single `chunked`. Equal Content-Lengths ("5, 5" or two lines) count as one,
 * which §6.3 allows for; a server refuses them by `repeated`.
 */
export function readFraming(headers: readonly HeaderLine[]): Framing {
  let lengths: string | undefined;
  let codings: string | undefined;
  for (const [name, value] of headers) {
    if (isFieldName(name, "content-length")) lengths = join(lengths, value);
    else if (isFieldName(name, "transfer-encoding")) codings = join(codings, value);
  }
  if (codings !== undefined) return readCodings(codings, lengths !== undefined);
  return lengths === undefined ? NONE : readLengths(lengths);
}

/**
 * Decides how the body of a response ends (§6.3).
 *
 * @param method Of the request.
 * @param version The minor HTTP version of the response, 0 or 1.
 */
export function readResponseFraming(
  method: string,
  response: {
    readonly status: number;
    readonly version: number;
    readonly headers: readonly HeaderLine[];
  },
): ResponseFraming {
  const framing = readFraming(response.headers);
  if (framing.kind === "malformed") return framing;
  if (framing.kind === "chunked" && response.version === 0) {
    return { kind: "malformed", reason: "Transfer-Encoding in an HTTP/1.0 response" };
  }
  const { status } = response;
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return NONE;
  return framing.kind === "none" ? { kind: "close" } : framing;
}

/**
 * Says whether the connection may carry another exchange (RFC 9112 §9.3). HTTP/1.0 counts as no:
 * its keep-alive is not defined by any standard in force.
 */
export function isPersistent(
  version: number,
  headers: readonly HeaderLine[],
): boolean {
  return version === 1 && !hasConnectionOption(headers, "close");
}

/** Says whether the Connection field names an option (RFC 9110 §7.6.1). */
export function hasConnectionOption(headers: readonly HeaderLine[], option: string): boolean {
  for (const [name, value] of headers) {
    if (!isFieldName(name, "connection")) continue;
    if (value.split(",").some((item) => trimOws(item).toLowerCase() === option)) return true;
  }
  return false;
}

function readCodings(codings: string, hasLength: boolean): Framing {
  if (hasLength) return { kind: "malformed", reason: "Transfer-Encoding beside Content-Length" };
  if (codings.toLowerCase() === "chunked") return { kind: "chunked" };
  return { kind: "malformed", reason: "a Transfer-Encoding other than chunked" };
}

function readLengths(lengths: string): Framing {
  const items = lengths.includes(",") ? lengths.split(",").map(trimOws) : [lengths];
  if (!LENGTH.test(items[0])) return { kind: "malformed", reason: "Content-Length is no number" };
  if (items.some((item) => item !== items[0])) {
    return { kind: "malformed", reason: "Content-Lengths that differ" };
  }
  return { kind: "length", length: Number(items[0]), repeated: items.length > 1 };
}

function join(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`;
}
