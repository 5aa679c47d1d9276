/**
 * Version 2 of the PROXY header, as it is received (proxy-protocol.txt §2.2). Pure. Input comes from
 * strangers.
 *
 * @module
 */
import { type Endpoint, formatUnmappedIp } from "../base/addresses.ts";
import { PROXY_V2_MAX_BYTES } from "../base/limits.ts";
import { crc32c } from "./crc32c.ts";
import type { ProxyEndpoints } from "./proxy_endpoints.ts";
import { malformedHeader, type ProxyHeader, type ProxyHeaderResult } from "./proxy_result.ts";
import {
  PROXY_V2_COMMANDS,
  PROXY_V2_FAMILIES,
  PROXY_V2_FIXED_BYTES,
  PROXY_V2_TRANSPORTS,
  PROXY_V2_VERSION,
} from "./proxy_v2.ts";
import { parseTlvs, type Tlv, TLV_TYPES } from "./tlv.ts";

/** Bytes of the address block by family; the vectors begin behind it. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = {
  [PROXY_V2_FAMILIES.unspec]: 0,
  [PROXY_V2_FAMILIES.ipv4]: 12,
  [PROXY_V2_FAMILIES.ipv6]: 36,
  [PROXY_V2_FAMILIES.unix]: 216,
};

/**
 * Parses a header.
 *
 * @param bytes Everything received so far; it begins with the signature, as far as it goes.
 * @returns `too_large` as soon as the declared length says so. Addresses only of TCP over IP.
 */
export function parseProxyV2(bytes: Uint8Array): ProxyHeaderResult {
  if (bytes.length <= 12) return { kind: "more" };
  const command = bytes[12] & 0x0f;
  if (bytes[12] >> 4 !== PROXY_V2_VERSION) return malformedHeader("version is not 2");
  if (command > PROXY_V2_COMMANDS.proxy) return malformedHeader("command is not assigned");
  const isLocal = command === PROXY_V2_COMMANDS.local;
  if (bytes.length <= 13) return { kind: "more" };
  // Of a LOCAL header everything but the length must be ignored, the family included (§2.2).
  if (!isLocal && (bytes[13] & 0x0f) > PROXY_V2_TRANSPORTS.datagram) {
    return malformedHeader("transport is not assigned");
  }
  if (bytes.length < PROXY_V2_FIXED_BYTES) return { kind: "more" };
  const end = PROXY_V2_FIXED_BYTES + (bytes[14] << 8 | bytes[15]);
  if (end > PROXY_V2_MAX_BYTES) return { kind: "too_large" };
  // The addresses may not be parsed before the whole header is there (§2.2).
  if (bytes.length < end) return { kind: "more" };
  if (isLocal) return { kind: "header", version: "v2", command: "local", tlvs: [], bytes: end };
  return parseBlock(bytes.subarray(0, end));
}

/** @param header The whole header and nothing else; its command is PROXY. */
function parseBlock(header: Uint8Array): ProxyHeaderResult {
  const result: ProxyHeader = {
    kind: "header",
    version: "v2",
    command: "proxy",
    tlvs: [],
    bytes: header.length,
  };
  const family = header[13] >> 4;
  const addressBytes = ADDRESS_BYTES[family];
  // Families of the future are skipped, as nginx does: nobody knows where their vectors begin.
  if (addressBytes === undefined) return result;
  const block = header.subarray(PROXY_V2_FIXED_BYTES);
  if (block.length < addressBytes) return malformedHeader("addresses are cut short");
  const tlvs = parseTlvs(block.subarray(addressBytes));
  if (tlvs === undefined) return malformedHeader("vectors do not fill the header");
  if (!isChecksumRight(header, tlvs)) return malformedHeader("checksum is wrong");
  return { ...result, ...parseEndpoints(header), tlvs };
}

/** Anything but TCP over IP is accepted without an address: no TCP client can have had another. */
function parseEndpoints(header: Uint8Array): ProxyEndpoints | undefined {
  if ((header[13] & 0x0f) !== PROXY_V2_TRANSPORTS.stream) return undefined;
  const family = header[13] >> 4;
  if (family !== PROXY_V2_FAMILIES.ipv4 && family !== PROXY_V2_FAMILIES.ipv6) return undefined;
  const ipBytes = family === PROXY_V2_FAMILIES.ipv4 ? 4 : 16;
  const ports = PROXY_V2_FIXED_BYTES + 2 * ipBytes;
  return {
    source: parseEndpoint(header.subarray(PROXY_V2_FIXED_BYTES, ports - ipBytes), header, ports),
    destination: parseEndpoint(header.subarray(ports - ipBytes, ports), header, ports + 2),
  };
}

function parseEndpoint(ip: Uint8Array, header: Uint8Array, portAt: number): Endpoint {
  return { ip: formatUnmappedIp(ip), port: header[portAt] << 8 | header[portAt + 1] };
}

/** The checksum is optional, but if it is there it must be right (§2.2.3). */
function isChecksumRight(header: Uint8Array, tlvs: readonly Tlv[]): boolean {
  const checksums = tlvs.filter((tlv) => tlv.type === TLV_TYPES.crc32c);
  if (checksums.length === 0) return true;
  const { value } = checksums[0];
  if (checksums.length > 1 || value.length !== 4) return false;
  const blanked = header.slice();
  const at = value.byteOffset - header.byteOffset;
  blanked.fill(0, at, at + 4);
  const [a, b, c, d] = value;
  return crc32c(blanked) === (a << 24 | b << 16 | c << 8 | d) >>> 0;
}
