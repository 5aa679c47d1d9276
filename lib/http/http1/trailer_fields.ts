/**
 * Which fields may stand in a trailer section that is passed on (RFC 9110 §6.5.1). A server may merge
 * trailers into the header section, so a field that decides about framing, routing, identity or the
 * meaning of the body must not come that way: policies have looked at the head only. Pure. Input
 * comes from strangers.
 *
 * @module
 */
import type { HeaderLine } from "../message.ts";
import { isFieldName, isFieldValue, isToken } from "./grammar.ts";

/** Lower-case, by what they decide. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  // Framing and the connection (RFC 9112 §6, RFC 9110 §7.6.1).
  "connection",
  "content-length",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  // Routing, and where the request came from.
  "forwarded",
  "from",
  "host",
  "max-forwards",
  "origin",
  "referer",
  "via",
  "x-original-url",
  "x-rewrite-url",
  // Request modifiers (RFC 9110 §10.1, §13, §14) and caching.
  "accept",
  "accept-encoding",
  "age",
  "cache-control",
  "date",
  "expect",
  "expires",
  "pragma",
  "range",
  "vary",
  "warning",
  // Identity.
  "authorization",
  "cookie",
  "set-cookie",
  "www-authenticate",
  // What the body is (RFC 9110 §8.3, §8.4), and where else it is.
  "content-encoding",
  "content-location",
  "content-range",
  "content-type",
  "location",
  "refresh",
  "retry-after",
]);

/** Families whose members have grown over time, and whose next member will be meant as well. */
const FORBIDDEN_STARTS = [
  "access-control-",
  "content-security-",
  "if-",
  "proxy-",
  "remote-",
  "sec-",
  "strict-transport-",
  "x-auth",
  "x-forwarded-",
  "x-real-",
] as const;

/**
 * Says whether a line may stand in the trailer section of a message with these header lines. A field
 * that stands in the head is refused: the head is what was checked, and set by us.
 */
export function isTrailerAllowed(
  name: string,
  value: string,
  headers: readonly HeaderLine[],
): boolean {
  if (!isToken(name) || !isFieldValue(value)) return false;
  const lower = canonical(name);
  if (FORBIDDEN.has(lower) || FORBIDDEN_STARTS.some((start) => lower.startsWith(start))) {
    return false;
  }
  return !headers.some(([other]) =>
    isFieldName(other, lower) || (other.length === lower.length && canonical(other) === lower)
  );
}

/** Servers that hand fields on as variables (CGI, WSGI) cannot tell `_` from `-`. */
function canonical(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}
