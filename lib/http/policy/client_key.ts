/**
 * Who counts as one client where requests are counted: an IPv4 address, or the /64 that an IPv6 client
 * chooses its addresses from (RFC 4291 §2.5.4, RFC 8981). Pure.
 *
 * @module
 */
import { formatIp, parseIp } from "../../base/addresses.ts";

/** The groups of four digits that a network is given. */
const NETWORK_BYTES = 8;

/** @param ip Without brackets; IPv4 is never written as mapped IPv6. */
export function clientKey(ip: string): string {
  if (!ip.includes(":")) return ip;
  const bytes = parseIp(ip);
  if (bytes === undefined) return ip;
  return `${formatIp(bytes.fill(0, NETWORK_BYTES))}/64`;
}
