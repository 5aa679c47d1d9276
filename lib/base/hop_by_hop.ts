/**
 * The fields that concern one connection only and never cross a proxy. Plain data. Pure.
 *
 * @module
 */

/**
 * In lower case: RFC 9110 §7.6.1, §11.7 for a proxy's own authentication, §10.1.1 for `Expect`, which
 * the server answers itself or passes on with the body.
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
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** By a number of characters, whether a name of the set has as many: most names are told apart by it. */
const HAS_LENGTH: readonly boolean[] = Array.from(
  { length: Math.max(...HOP_BY_HOP_FIELDS.values().map((name) => name.length)) + 1 },
  (_, length) => HOP_BY_HOP_FIELDS.values().some((name) => name.length === length),
);

/** Says whether a field concerns one connection only. @param name In any case. */
export function isHopByHopField(name: string): boolean {
  return name.length < HAS_LENGTH.length && HAS_LENGTH[name.length] &&
    HOP_BY_HOP_FIELDS.has(name.toLowerCase());
}
