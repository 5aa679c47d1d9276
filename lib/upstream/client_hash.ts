/**
 * A number for a client's address that is the same in every thread and after every restart: IPv4 by
 * the whole address, IPv6 by its first 64 bits, for the rest changes by itself within one home
 * (RFC 8981). Pure. Input comes from strangers.
 *
 * @module
 */
import { parseIp, unmapIpv4 } from "../base/addresses.ts";

/** Bytes of an IPv6 address that tell one customer from another (RFC 6177 §2). */
export const IPV6_PREFIX_BYTES = 8;

/** Hashes bytes from `start` to `end` (FNV-1a, then mixed): 32 bits, unsigned. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  return mixBits(hash);
}

/** Hashes a client's IP address; what is none has the number 0. */
export function hashClient(ip: string): number {
  const bytes = parseIp(unmapIpv4(ip));
  if (bytes === undefined) return 0;
  return hashBytes(bytes, 0, bytes.length === 4 ? 4 : IPV6_PREFIX_BYTES);
}

/** Spreads each bit over all others (the finalizer of MurmurHash3): 32 bits, unsigned. */
export function mixBits(value: number): number {
  let mixed = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35);
  return (mixed ^ mixed >>> 16) >>> 0;
}
