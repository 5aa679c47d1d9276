/**
 * The two addresses a PROXY header carries, and how they become one address family. Pure.
 *
 * @module
 */
import { type Endpoint, parseIp } from "../base/addresses.ts";

/** Both ends of the connection that is relayed, as its client sees them. */
export interface ProxyEndpoints {
  /** The client. */
  readonly source: Endpoint;
  /** The address the client connected to. */
  readonly destination: Endpoint;
}

/**
 * Whose connection a header speaks of: a client's; one whose addresses are not known (`unspec`); or
 * the sender's own, a health check for instance (`local`).
 */
export type ProxySubject = ProxyEndpoints | "unspec" | "local";

/** Two addresses of one family: 4 bytes each, or 16 bytes each. */
export interface PackedIps {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

/**
 * Packs both IP addresses. IPv4 stays IPv4 only if both are; otherwise it is mapped (RFC 4291
 * §2.5.5.2), since a header has one family for both.
 *
 * @throws {TypeError} If an `ip` is no IP address.
 */
export function packIps(endpoints: ProxyEndpoints): PackedIps {
  const source = packIp(endpoints.source.ip);
  const destination = packIp(endpoints.destination.ip);
  if (source.length === destination.length) return { source, destination };
  return { source: toIpv6(source), destination: toIpv6(destination) };
}

function packIp(ip: string): Uint8Array {
  // The zone of a link-local address means something on this host only, and has no place in a header.
  const bytes = parseIp(ip.split("%")[0]);
  if (bytes === undefined) throw new TypeError(`Cannot pack "${ip}": not an IP address`);
  return bytes;
}

function toIpv6(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 16) return bytes;
  const mapped = new Uint8Array(16);
  mapped.fill(0xff, 10, 12);
  mapped.set(bytes, 12);
  return mapped;
}
