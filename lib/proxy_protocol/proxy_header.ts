/**
 * The PROXY header, whichever its version: who a relayed connection really comes from, told in front
 * of its first byte. Whether a sender may be believed is the caller's to decide. Pure. Input comes
 * from strangers.
 *
 * @module
 */
import { parseProxyV2 } from "./parse_proxy_v2.ts";
import type { ProxySubject } from "./proxy_endpoints.ts";
import { malformedHeader, type ProxyHeaderResult, type ProxyVersion } from "./proxy_result.ts";
import { encodeProxyV1, parseProxyV1, PROXY_V1_SIGNATURE } from "./proxy_v1.ts";
import { encodeProxyV2, PROXY_V2_SIGNATURE } from "./proxy_v2.ts";

/**
 * Encodes the header that a server's configuration asks for.
 *
 * @returns The bytes to send before anything else; undefined for `off`.
 * @throws {TypeError} If an `ip` is no IP address.
 */
export function encodeProxyHeader(
  version: ProxyVersion | "off",
  subject: ProxySubject,
): Uint8Array<ArrayBuffer> | undefined {
  if (version === "off") return undefined;
  return version === "v1" ? encodeProxyV1(subject) : encodeProxyV2(subject);
}

/**
 * Parses the header at the start of a stream.
 *
 * @param bytes Everything received so far, from the first byte of the stream on.
 * @param options `versions`: those that are accepted, default both; the other one is malformed.
 * @returns `more` as long as the bytes are the start of some header; `none` at the first byte that
 * is not. A listener that expects headers must refuse `none`: guessing whether there is one lets a
 * client write its own (proxy-protocol.txt §2).
 */
export function parseProxyHeader(
  bytes: Uint8Array,
  options: { versions?: readonly ProxyVersion[] } = {},
): ProxyHeaderResult {
  const version = findVersion(bytes);
  if (version === undefined) return { kind: bytes.length === 0 ? "more" : "none" };
  if (options.versions?.includes(version) === false) {
    return malformedHeader("version is not accepted here");
  }
  return version === "v1" ? parseProxyV1(bytes) : parseProxyV2(bytes);
}

/** @returns The version whose signature the bytes are the start of; one byte is enough to tell. */
function findVersion(bytes: Uint8Array): ProxyVersion | undefined {
  if (bytes.length === 0) return undefined;
  if (agrees(bytes, PROXY_V1_SIGNATURE)) return "v1";
  return agrees(bytes, PROXY_V2_SIGNATURE) ? "v2" : undefined;
}

/** Says whether the bytes and the signature are equal as far as both go. */
function agrees(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, index) => index >= bytes.length || bytes[index] === byte);
}
