/**
 * `security_headers`: a preset that makes browsers more careful and hardly any service stumble. What a
 * server sends itself stays. Pure.
 *
 * Not in it, because each breaks services that many people run: a Content-Security-Policy (inline
 * scripts), Cross-Origin-Opener-Policy (logins in a pop-up window), Cross-Origin-Resource-Policy and
 * -Embedder-Policy (pictures on other sites), Permissions-Policy (cameras and microphones of calls).
 * Hono has a middleware of this kind; it works on a `Response`, which there is none of here.
 *
 * @module
 */
import type { Policy } from "../application.ts";
import type { HeaderLine } from "../message.ts";
import { withHeaders } from "./with_fields.ts";

/** The preset. */
export const SECURITY_HEADERS: readonly HeaderLine[] = [
  // Content is what its type says (WHATWG Fetch §3.6).
  ["X-Content-Type-Options", "nosniff"],
  // Other sites learn the host a link was on, not the page; what browsers do by themselves by now.
  ["Referrer-Policy", "strict-origin-when-cross-origin"],
  // Other sites cannot put the service into a frame and lead clicks astray (RFC 7034 §2.1).
  ["X-Frame-Options", "SAMEORIGIN"],
];

/** The policy. */
export const addSecurityHeaders: Policy = async (_exchange, next) => {
  const answer = await next();
  const given = new Set(answer.headers.map(([name]) => name.toLowerCase()));
  const missing = SECURITY_HEADERS.filter(([name]) => !given.has(name.toLowerCase()));
  return missing.length === 0 ? answer : withHeaders(answer, [...answer.headers, ...missing]);
};
