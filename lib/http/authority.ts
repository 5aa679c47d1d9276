/**
 * The name a request asks for: a Host field, an `:authority`, or the authority of an absolute target,
 * judged in the same way whichever it is. Pure. Input comes from strangers.
 *
 * @module
 */
import { normalizeHostname } from "../base/hostnames.ts";

/** `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2): no user information, nothing but ASCII. */
const AUTHORITY = /^(?:\[[\dA-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d{0,5})?$/;

/** Says whether the text can be an authority. */
export function isAuthority(text: string): boolean {
  return AUTHORITY.test(text);
}

/** Returns the hostname of an authority, normalized; undefined for an IP literal or an unusable name. */
export function hostnameOf(authority: string): string | undefined {
  return normalizeHostname(authority.replace(/:\d*$/, ""));
}
