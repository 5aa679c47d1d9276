/**
 * `struct sockaddr_in`, `sockaddr_in6` and `sockaddr_un` (ip(7), ipv6(7), unix(7)): the same bytes on
 * x86-64 and arm64, both of which are little-endian. Pure.
 *
 * @module
 */
import {
  type Endpoint,
  formatIp,
  formatUnmappedIp,
  isMappedIpv4,
  parseIp,
} from "../base/addresses.ts";
import { FAMILY } from "./constants.ts";

/** Bytes of `sockaddr_in`. */
export const SOCKADDR_IN_BYTES = 16;

/** Bytes of `sockaddr_in6`, which is as long as any address of an IP socket can be. */
export const SOCKADDR_IN6_BYTES = 28;

/** Bytes of `sockaddr_un`, which is as long as any address can be. */
export const SOCKADDR_MAX_BYTES = 110;

/** A Unix path has room for so many bytes besides its final NUL (`sun_path`, unix(7)). */
export const UNIX_PATH_MAX_BYTES = 107;

/** Encodes an IP address and a port; undefined if `ip` is not an IP address. */
export function encodeIpAddress(ip: string, port: number): Uint8Array<ArrayBuffer> | undefined {
  const packed = parseIp(ip);
  if (packed === undefined) return undefined;
  const isIpv4 = packed.length === 4;
  const bytes = new Uint8Array(isIpv4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isIpv4 ? FAMILY.inet : FAMILY.inet6, true);
  view.setUint16(2, port);
  bytes.set(packed, isIpv4 ? 4 : 8);
  return bytes;
}

/** Encodes a path in the file system; undefined if it is empty, too long or has a NUL in it. */
export function encodeUnixAddress(path: string): Uint8Array<ArrayBuffer> | undefined {
  const encoded = new TextEncoder().encode(path);
  if (encoded.length === 0 || encoded.length > UNIX_PATH_MAX_BYTES || encoded.includes(0)) {
    return undefined;
  }
  const bytes = new Uint8Array(2 + encoded.length + 1);
  new DataView(bytes.buffer).setUint16(0, FAMILY.unix, true);
  bytes.set(encoded, 2);
  return bytes;
}

/** Returns the family of an encoded address: one of `FAMILY`. */
export function socketFamily(bytes: Uint8Array): number {
  return bytes[0] | bytes[1] << 8;
}

/**
 * Returns the address of an IP socket as a whole `struct sockaddr` of its own, IPv4 unmapped
 * (RFC 4291 §2.5.5.2): a dual-stack socket reports IPv4 clients as IPv6.
 *
 * @param bytes {@linkcode SOCKADDR_IN6_BYTES} or more; what is behind the address is ignored.
 */
export function unmapSocketAddress(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (socketFamily(bytes) === FAMILY.inet) {
    return bytes.slice(0, SOCKADDR_IN_BYTES) as Uint8Array<ArrayBuffer>;
  }
  if (!isMappedIpv4(bytes, 8)) return bytes.slice(0, SOCKADDR_IN6_BYTES) as Uint8Array<ArrayBuffer>;
  const unmapped = new Uint8Array(SOCKADDR_IN_BYTES);
  unmapped[0] = FAMILY.inet;
  unmapped.set(bytes.subarray(2, 4), 2);
  unmapped.set(bytes.subarray(20, 24), 4);
  return unmapped;
}

/**
 * Decodes the address of an IP socket, IPv4 unmapped.
 *
 * @param bytes {@linkcode SOCKADDR_IN6_BYTES} or more; what is behind the address is ignored.
 * @returns undefined if it is of another family.
 */
export function decodeIpAddress(bytes: Uint8Array): Endpoint | undefined {
  const family = socketFamily(bytes);
  const port = bytes[2] << 8 | bytes[3];
  if (family === FAMILY.inet) return { ip: formatIp(bytes.subarray(4, 8)), port };
  if (family !== FAMILY.inet6) return undefined;
  return { ip: formatUnmappedIp(bytes.subarray(8, 24)), port };
}
