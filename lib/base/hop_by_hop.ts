/**
 * The fields that concern one connection only and never cross a proxy. Plain data. Pure.
 *
 * @module
 */

/**
 * In lower case: RFC 9110 §7.6.1, §11.7 for a proxy's own authentication, §10.1.1 for `Expect`, which
 * the server answers itself or passes on with the body. `Trailer` is none of them (§6.6.2).
 */
export const HOP_BY_HOP_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** Those of each length: most names are told apart by it, and the others by their first character. */
const BY_LENGTH: readonly (readonly string[])[] = Array.from(
  { length: Math.max(...HOP_BY_HOP_FIELDS.values().map((name) => name.length)) + 1 },
  (_, length) => [...HOP_BY_HOP_FIELDS].filter((name) => name.length === length),
);

/** What a capital letter lacks of its small one. */
const SMALL = 0x20;

/** Says whether a field concerns one connection only. @param name In any case. */
export function isHopByHopField(name: string): boolean {
  if (name.length >= BY_LENGTH.length) return false;
  const first = name.charCodeAt(0) | SMALL;
  for (const field of BY_LENGTH[name.length]) {
    if (field.charCodeAt(0) === first && field === name.toLowerCase()) return true;
  }
  return false;
}
