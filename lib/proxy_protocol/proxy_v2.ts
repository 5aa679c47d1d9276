/**
 * Version 2 of the PROXY header, as it is sent: binary, with addresses and vectors
 * (proxy-protocol.txt §2.2). Pure.
 *
 * @module
 */
import { crc32c } from "./crc32c.ts";
import { packIps, type ProxyEndpoints, type ProxySubject } from "./proxy_endpoints.ts";
import { encodeTlvs, type Tlv, TLV_TYPES } from "./tlv.ts";

/** What a version 2 header begins with: no byte sequence of another protocol, by design. */
export const PROXY_V2_SIGNATURE: readonly number[] = [
  ...[0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a],
  ...[0x51, 0x55, 0x49, 0x54, 0x0a],
];

/** Signature, version and command, family and transport, length. */
export const PROXY_V2_FIXED_BYTES = 16;

/** High half of the 13th byte. */
export const PROXY_V2_VERSION = 2;

/** Low half of the 13th byte. */
export const PROXY_V2_COMMANDS = { local: 0, proxy: 1 } as const;

/** High half of the 14th byte. */
export const PROXY_V2_FAMILIES = { unspec: 0, ipv4: 1, ipv6: 2, unix: 3 } as const;

/** Low half of the 14th byte. */
export const PROXY_V2_TRANSPORTS = { unspec: 0, stream: 1, datagram: 2 } as const;

/** What a header carries besides addresses. */
export interface ProxyV2Options {
  /** In this order; without a checksum. */
  readonly tlvs?: readonly Tlv[];
  /** Adds a CRC-32C of the whole header (§2.2.3). Default false. */
  readonly checksum?: boolean;
}

/**
 * Encodes a header.
 *
 * @param subject If one endpoint is IPv6, the other one is written as mapped IPv6.
 * @throws {TypeError} If an `ip` is no IP address.
 * @throws {RangeError} If the vectors do not fit into 65535 bytes together with the addresses.
 */
export function encodeProxyV2(
  subject: ProxySubject,
  options: ProxyV2Options = {},
): Uint8Array<ArrayBuffer> {
  const { family, transport, bytes: addresses } = encodeAddresses(subject);
  // The checksum comes last, where its place is known without looking for it.
  const blank = { type: TLV_TYPES.crc32c, value: new Uint8Array(4) };
  const tlvs = encodeTlvs([...options.tlvs ?? [], ...options.checksum ? [blank] : []]);
  const length = addresses.length + tlvs.length;
  if (length > 0xffff) throw new RangeError("Cannot encode PROXY header: over 65535 bytes");
  const command = subject === "local" ? PROXY_V2_COMMANDS.local : PROXY_V2_COMMANDS.proxy;
  const header = new Uint8Array(PROXY_V2_FIXED_BYTES + length);
  header.set(PROXY_V2_SIGNATURE);
  header.set([PROXY_V2_VERSION << 4 | command, family << 4 | transport, length >> 8, length], 12);
  header.set(addresses, PROXY_V2_FIXED_BYTES);
  header.set(tlvs, PROXY_V2_FIXED_BYTES + addresses.length);
  if (options.checksum) new DataView(header.buffer).setUint32(header.length - 4, crc32c(header));
  return header;
}

function encodeAddresses(
  subject: ProxySubject,
): { family: number; transport: number; bytes: Uint8Array } {
  if (typeof subject === "string") {
    const transport = PROXY_V2_TRANSPORTS.unspec;
    return { family: PROXY_V2_FAMILIES.unspec, transport, bytes: new Uint8Array(0) };
  }
  const { source, destination } = packIps(subject);
  const family = source.length === 4 ? PROXY_V2_FAMILIES.ipv4 : PROXY_V2_FAMILIES.ipv6;
  const bytes = Uint8Array.of(...source, ...destination, ...portBytes(subject));
  return { family, transport: PROXY_V2_TRANSPORTS.stream, bytes };
}

function portBytes({ source, destination }: ProxyEndpoints): number[] {
  return [source.port, destination.port].flatMap((port) => [port >> 8, port & 0xff]);
}
