/**
 * Version 1 of the PROXY header: one line of text (proxy-protocol.txt §2.1). Pure. Input comes from
 * strangers.
 *
 * @module
 */
import { type Endpoint, formatIp, formatUnmappedIp, parseIp } from "../base/addresses.ts";
import { PROXY_V1_MAX_BYTES } from "../base/limits.ts";
import { packIps, type ProxySubject } from "./proxy_endpoints.ts";
import { malformedHeader, type ProxyHeaderResult } from "./proxy_result.ts";

/** What a version 1 header begins with. */
export const PROXY_V1_SIGNATURE: readonly number[] = Array.from(
  "PROXY ",
  (character) => character.charCodeAt(0),
);

const LF = 0x0a;
const CR = 0x0d;

/**
 * Encodes a line of at most 107 bytes, line end included.
 *
 * @param subject `unspec` and `local` are both UNKNOWN: version 1 has no other word for them. If one
 * endpoint is IPv6, the other one is written as IPv6 as well.
 * @throws {TypeError} If an `ip` is no IP address.
 */
export function encodeProxyV1(subject: ProxySubject): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`PROXY ${describe(subject)}\r\n`);
}

function describe(subject: ProxySubject): string {
  if (typeof subject === "string") return "UNKNOWN";
  const ips = packIps(subject);
  const family = ips.source.length === 4 ? "TCP4" : "TCP6";
  const addresses = `${formatIp(ips.source)} ${formatIp(ips.destination)}`;
  return `${family} ${addresses} ${subject.source.port} ${subject.destination.port}`;
}

/**
 * Parses a line.
 *
 * @param bytes Everything received so far; it begins with {@linkcode PROXY_V1_SIGNATURE}, as far as
 * it goes.
 */
export function parseProxyV1(bytes: Uint8Array): ProxyHeaderResult {
  const lineFeed = bytes.subarray(0, PROXY_V1_MAX_BYTES).indexOf(LF);
  if (lineFeed < 0) return { kind: bytes.length < PROXY_V1_MAX_BYTES ? "more" : "too_large" };
  // A lone LF must not end the line (§2.1), and a lone CR stays in a word that then is none.
  if (bytes[lineFeed - 1] !== CR) return malformedHeader("line does not end with CR LF");
  const line = String.fromCharCode(...bytes.subarray(0, lineFeed - 1));
  return parseLine(line, lineFeed + 1);
}

function parseLine(line: string, bytes: number): ProxyHeaderResult {
  const header = { kind: "header", version: "v1", command: "proxy", tlvs: [], bytes } as const;
  const [, protocol, ...rest] = line.split(" ");
  // Whatever stands behind UNKNOWN must be ignored (§2.1).
  if (protocol === "UNKNOWN") return header;
  if (protocol !== "TCP4" && protocol !== "TCP6") return malformedHeader("protocol is unknown");
  if (rest.length !== 4) return malformedHeader("line does not have six words");
  const ipBytes = protocol === "TCP4" ? 4 : 16;
  const source = parseEndpoint(rest[0], rest[2], ipBytes);
  const destination = parseEndpoint(rest[1], rest[3], ipBytes);
  if (source === undefined || destination === undefined) {
    return malformedHeader("address or port is malformed");
  }
  return { ...header, source, destination };
}

function parseEndpoint(ip: string, port: string, ipBytes: 4 | 16): Endpoint | undefined {
  const packed = parseIp(ip);
  if (packed?.length !== ipBytes) return undefined;
  // No signs and no leading zeros (§2.1).
  if (!/^(?:0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65535) return undefined;
  return { ip: formatUnmappedIp(packed), port: Number(port) };
}
