/**
 * Which header lines cross the proxy, in both directions, and which it adds. Pure. Input comes from
 * strangers.
 *
 * @module
 */
import { isHopByHopField } from "../base/hop_by_hop.ts";
import type { Exchange } from "./exchange.ts";
import { isFieldName } from "./http1/grammar.ts";
import type { HeaderLine } from "./message.ts";
import { dashed } from "./policy/without_names.ts";

/** A client may not have these removed by naming them in `Connection`: framing and routing need them. */
const NEVER_NOMINATED: readonly string[] = ["host", "content-length"];

/** What need not be remembered of `Connection`, with what it nearly always says: no field, or it goes anyway. */
const NOMINATES_NOTHING: ReadonlySet<string> = new Set([
  ...["close", "keep-alive", "upgrade", "te"],
  ...NEVER_NOMINATED,
]);

const F = 0x66;
const X = 0x78;

/**
 * Says whether a field tells an upstream about the client, or what it has asked for: frameworks that
 * take the path from there would serve another one than the one that was guarded. In any spelling that a
 * server may take for the name, see {@linkcode dashed}.
 */
function tellsAboutClient(name: string): boolean {
  const first = name.charCodeAt(0) | 0x20;
  if (first !== X && first !== F) return false;
  const plain = dashed(name);
  return plain.startsWith("x-forwarded-") || plain === "forwarded" || plain === "x-real-ip" ||
    plain === "x-original-url" || plain === "x-rewrite-url";
}

/** Returns what is left when fields of this connection are taken out (RFC 9110 §7.6.1). */
export function withoutHopByHop(headers: readonly HeaderLine[]): HeaderLine[] {
  const nominated = nominatedBy(headers);
  return headers.filter(([name]) => !isHopByHop(name, nominated));
}

/** @returns The lower-case names of fields that `Connection` takes along; undefined, for speed, if none. */
function nominatedBy(headers: readonly HeaderLine[]): Set<string> | undefined {
  let nominated: Set<string> | undefined;
  for (const [name, value] of headers) {
    if (!isFieldName(name, "connection")) continue;
    for (const token of value.split(",")) {
      const option = token.trim().toLowerCase();
      if (!NOMINATES_NOTHING.has(option)) (nominated ??= new Set()).add(option);
    }
  }
  return nominated;
}

function isHopByHop(name: string, nominated: ReadonlySet<string> | undefined): boolean {
  return isHopByHopField(name) || (nominated !== undefined && nominated.has(name.toLowerCase()));
}

/**
 * Returns the header lines an upstream gets for an exchange: Host kept, the client's address told in
 * `X-Forwarded-*`, `X-Real-IP` and `Forwarded` (RFC 7239), the way in `Via` (RFC 9110 §7.6.3). What
 * the client itself sent under these names (but `Via`) is dropped: nobody vouches for it. What a
 * trusted proxy sent is continued.
 *
 * @param via The name of this process in `Via`.
 */
export function upstreamRequestHeaders(exchange: Exchange, via: string): HeaderLine[] {
  const { authority, client, httpVersion, scheme, trustedProxy } = exchange;
  const headers: HeaderLine[] = [["Host", authority]];
  const nominated = nominatedBy(exchange.headers);
  let passed = "";
  let believed = "";
  const source = trustedProxy?.source;
  for (const line of exchange.headers) {
    const [name, value] = line;
    if (source !== undefined && isFieldName(name, source)) believed += `${value}, `;
    if (isHopByHop(name, nominated)) continue;
    if (isFieldName(name, "via")) passed += `${value}, `;
    else if (!isFieldName(name, "host") && !tellsAboutClient(name)) headers.push(line);
  }
  headers.push(
    ["X-Forwarded-For", forwardedFor(exchange, believed)],
    ["X-Forwarded-Proto", scheme],
    ["X-Forwarded-Host", trustedProxy?.host ?? authority],
    ["X-Real-IP", client.ip],
    ["Forwarded", forwarded(exchange, believed)],
    ["Via", `${passed}${httpVersion} ${via}`],
  );
  return headers;
}

/** Says whether a request has been through the process that calls itself `via`. */
export function hasPassed(headers: readonly HeaderLine[], via: string): boolean {
  for (const [name, value] of headers) {
    if (isFieldName(name, "via") && isMember(value, via)) return true;
  }
  return false;
}

function isMember(value: string, via: string): boolean {
  return value.split(",").some((member) => member.trim().split(/\s+/)[1] === via);
}

/** @param believed The list of the trusted proxy, with a comma behind it; may be Forwarded's. */
function forwardedFor({ client, trustedProxy }: Exchange, believed: string): string {
  if (trustedProxy === undefined) return client.ip;
  const { peer, source } = trustedProxy;
  if (source === "x-forwarded-for") return `${believed}${peer.ip}`;
  return client.ip === peer.ip ? peer.ip : `${client.ip}, ${peer.ip}`;
}

/** @param believed As for {@linkcode forwardedFor}. */
function forwarded(
  { authority, client, scheme, trustedProxy }: Exchange,
  believed: string,
): string {
  const whole = (ip: string, host = authority) =>
    `for=${nodeOf(ip)};host=${quoted(host)};proto=${scheme}`;
  if (trustedProxy === undefined) return whole(client.ip);
  const { host, peer, source } = trustedProxy;
  if (source === "forwarded") return `${believed}for=${nodeOf(peer.ip)}`;
  if (client.ip === peer.ip) return whole(peer.ip, host);
  return `${whole(client.ip, host)}, for=${nodeOf(peer.ip)}`;
}

/** RFC 7239 §6: IPv6 stands in brackets, and these in quotes. */
function nodeOf(ip: string): string {
  return ip.includes(":") ? `"[${ip}]"` : ip;
}

/** RFC 7239 §4: whatever is not a token stands in quotes, of which an authority has none within. */
function quoted(authority: string): string {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(authority) ? authority : `"${authority}"`;
}
