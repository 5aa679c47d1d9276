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
