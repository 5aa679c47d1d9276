/**
 * Addresses as text and as bytes: `host:port`, `[::1]:443`, `unix:/path`. Pure.
 *
 * @module
 */
import { isIPv4, isIPv6 } from "node:net";

/** Host and port over TCP. An IPv6 `hostname` stands without brackets. */
export interface TcpAddress {
  readonly kind: "tcp";
  readonly hostname: string;
  /** 0 to 65535; 0 in a listening address means any free port. */
  readonly port: number;
}

/** A Unix domain socket. */
export interface UnixAddress {
  readonly kind: "unix";
  readonly path: string;
}

/** Something that can be connected to. */
export type Address = TcpAddress | UnixAddress;

/** Where a connection comes from: an IP address and a port. */
export interface Endpoint {
  /** Without brackets; IPv4 is never written as mapped IPv6. */
  readonly ip: string;
  readonly port: number;
}

/** Why a text is not an address. */
export type AddressProblem = "port is missing" | "port is not a number from 0 to 65535" | "empty";

/** Parses `host:port`, `[v6]:port`, `:port` (every interface, `[::]`) or `unix:/path`. */
export function parseAddress(text: string): Address | { kind: "problem"; problem: AddressProblem } {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    return path === "" ? { kind: "problem", problem: "empty" } : { kind: "unix", path };
  }
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(text);
  if (match === null || match[3] === undefined || match[3] === "") {
    return { kind: "problem", problem: text === "" ? "empty" : "port is missing" };
  }
  const port = Number(match[3]);
  if (!/^\d+$/.test(match[3]) || port > 65535) {
    return { kind: "problem", problem: "port is not a number from 0 to 65535" };
  }
  const hostname = match[1] ?? match[2];
  return { kind: "tcp", hostname: hostname === "" ? "::" : hostname, port };
}

/** Formats an address as it stands in the configuration. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return formatHostPort(address.hostname, address.port);
}

/** Formats `host:port`, with brackets around IPv6. */
export function formatHostPort(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** Formats an endpoint as `ip:port`, with brackets around IPv6. */
export function formatEndpoint(endpoint: Endpoint): string {
  return formatHostPort(endpoint.ip, endpoint.port);
}

/**
 * Turns `::ffff:192.0.2.1` into `192.0.2.1` (RFC 4291 §2.5.5.2) and leaves the rest alone: a
 * dual-stack socket reports IPv4 clients so, and no policy may see the same client under two names.
 */
export function unmapIpv4(ip: string): string {
  if (!ip.startsWith("::ffff:")) return ip;
  const rest = ip.slice("::ffff:".length);
  if (isIPv4(rest)) return rest;
  const bytes = parseIp(ip);
  // `::ffff:1:2:3` begins alike and is another address: only bytes say what is mapped.
  return bytes?.length === 16 && isMappedIpv4(bytes) ? formatUnmappedIp(bytes) : ip;
}

/**
 * Says whether an IPv6 address stands for the IPv4 address in its last four bytes (RFC 4291 §2.5.5.2).
 *
 * @param start Where its 16 bytes begin.
 */
export function isMappedIpv4(bytes: Uint8Array, start = 0): boolean {
  for (let index = 0; index < 12; index++) {
    if (bytes[start + index] !== (index < 10 ? 0 : 0xff)) return false;
  }
  return true;
}

/** Says whether the address is one of the host's own loopback addresses. */
export function isLoopback(ip: string): boolean {
  return ip === "::1" || ip.startsWith("127.");
}

/**
 * Parses an IP address without brackets or zone.
 *
 * @returns 4 bytes, 16 bytes, or undefined if it is no IP address.
 */
export function parseIp(ip: string): Uint8Array | undefined {
  if (isIPv4(ip)) return Uint8Array.from(ip.split("."), Number);
  if (!isIPv6(ip) || ip.includes("%")) return undefined;
  return parseIpv6(ip);
}

/** Formats 4 or 16 bytes; IPv6 as RFC 5952 asks (lower case, longest run of zeros cut). */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from(
    { length: 8 },
    (_, index) => (bytes[2 * index] << 8 | bytes[2 * index + 1]).toString(16),
  );
  // The WHATWG URL serializer implements RFC 5952 §4.
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/** Formats 4 or 16 bytes as {@linkcode formatIp} does, and mapped IPv6 as the IPv4 it stands for. */
export function formatUnmappedIp(bytes: Uint8Array): string {
  return formatIp(bytes.length === 16 && isMappedIpv4(bytes) ? bytes.subarray(12) : bytes);
}

/** @param ip A valid IPv6 address. */
function parseIpv6(ip: string): Uint8Array {
  const [head, tail] = ip.split("::");
  const before = ipv6Bytes(head);
  const after = tail === undefined ? [] : ipv6Bytes(tail);
  const zeros = Array<number>(16 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after]);
}

function ipv6Bytes(groups: string): number[] {
  if (groups === "") return [];
  return groups.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
