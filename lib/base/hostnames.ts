/**
 * Hostnames as they are compared: lower case, no final dot, A-labels. Pure.
 *
 * @module
 */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";

/** RFC 1035 §2.3.4: 255 octets on the wire are 253 characters as text. */
export const HOSTNAME_MAX_CHARACTERS = 253;

/** Before lower case is made: U+212A, the Kelvin sign, would become an ASCII "k" by it. */
const LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/**
 * A name that is already as names are compared, as it nearly always is in a request: in lower case, and
 * the last label does not begin with a digit, as that of an IPv4 address would. Four times as quick.
 */
const NORMAL = /^(?:[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?\.)*[a-z_](?:[a-z\d_-]{0,61}[a-z\d_])?$/;

/**
 * Brings a name from a ClientHello, a Host header or the configuration into the form in which names
 * are compared. Underscores are let through: they are not legal in hosts (RFC 952) but in use.
 *
 * @returns The name; undefined if it is an IP literal or cannot be a hostname.
 */
export function normalizeHostname(text: string): string | undefined {
  if (text.length <= HOSTNAME_MAX_CHARACTERS && NORMAL.test(text)) return text;
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (name === "" || name.length > HOSTNAME_MAX_CHARACTERS || isIpLiteral(name)) return undefined;
  return name.split(".").every((label) => LABEL.test(label)) ? name.toLowerCase() : undefined;
}

/**
 * Says whether the text is an IP address, with or without brackets. A name whose last label is a
 * number counts as one: no top-level domain is numeric and URL parsers read it as IPv4 (WHATWG URL).
 */
export function isIpLiteral(text: string): boolean {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  return isIP(bare) !== 0 || /(?:^|\.)(?:\d+|0[xX][\da-fA-F]*)$/.test(bare);
}

/** A host entry of the configuration: one name, one first-label wildcard, or the catch-all. */
export type HostPattern =
  | { readonly kind: "exact"; readonly name: string }
  /** `name` is what follows `*.`. */
  | { readonly kind: "wildcard"; readonly name: string }
  | { readonly kind: "any" };

/**
 * Parses `app.example.org`, `*.example.org` or `*`. Names outside ASCII become A-labels (RFC 5891).
 *
 * @returns undefined if the text is none of them.
 */
export function parseHostPattern(text: string): HostPattern | undefined {
  if (text === "*") return { kind: "any" };
  const wildcard = text.startsWith("*.");
  const name = normalizeHostname(toAscii(wildcard ? text.slice(2) : text));
  if (name === undefined) return undefined;
  return { kind: wildcard ? "wildcard" : "exact", name };
}

/** Formats a pattern as it stands in the configuration. */
export function formatHostPattern(pattern: HostPattern): string {
  if (pattern.kind === "any") return "*";
  return pattern.kind === "wildcard" ? `*.${pattern.name}` : pattern.name;
}

/**
 * Says whether a certificate name (RFC 6125 §6.4.3: exact, or one wildcard for the first label)
 * covers a normalized hostname.
 */
export function coversHostname(certificateName: string, hostname: string): boolean {
  const name = certificateName.toLowerCase();
  if (!name.startsWith("*.")) return name === hostname;
  const dot = hostname.indexOf(".");
  return dot > 0 && hostname.slice(dot + 1) === name.slice(2);
}

function toAscii(name: string): string {
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x7f]*$/.test(name)) return name;
  // Not through a URL, where `ü@example.org` and `ü/example.org` would lose a part unnoticed.
  return domainToASCII(name);
}
