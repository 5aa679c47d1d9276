/**
 * Reads what routing needs from the ClientHello that a TLS stream begins with. It decides nothing
 * but whether the bytes are a hello: whether a name may be used, and whether a version or a cipher
 * suite is acceptable, is for the route table and for whoever ends the TLS. Pure, never throws.
 * Input comes from strangers.
 *
 * Only `more` is not final. Strict wherever two parsers could read different server names from the
 * same bytes, since the upstream will read them again.
 *
 * @module
 */
import { HELLO_MAX_BYTES } from "../base/limits.ts";
import { type ByteSpan, uint16At, vector16End, vector8End } from "./byte_span.ts";
import { type HelloExtensions, parseHelloExtensions } from "./hello_extensions.ts";
import { findHelloMessage, type HelloMessage, type Malformed, malformed } from "./hello_message.ts";

/** A whole ClientHello (RFC 8446 §4.1.2). */
export interface ClientHello extends Readonly<HelloExtensions> {
  readonly kind: "hello";
  /**
   * The server name, 1 to 255 ASCII characters without NUL, just as it was sent: capitals, a final
   * dot, controls and IP literals included, which the route table normalises or treats as no name.
   * With ECH it is the outer name. Undefined if there is no such extension.
   */
  readonly serverName: string | undefined;
  /** As sent, GREASE (RFC 8701) included; empty if there is no such extension (TLS 1.2 and before). */
  readonly supportedVersions: readonly number[];
  /** 0x0303 from TLS 1.2 on, 0x0300 for SSL 3.0; any other number a stranger likes. */
  readonly legacyVersion: number;
  /** Of the first record. */
  readonly recordVersion: number;
  /** Whether encrypted_client_hello is there; browsers also send it with nothing in it (GREASE). */
  readonly isEchOffered: boolean;
  /** Bytes of the stream up to the end of the hello, record headers included. */
  readonly bytes: number;
}

/** What a stream begins with: a hello, too little to tell, another protocol, or a bad hello. */
export type ClientHelloResult = ClientHello | Exclude<HelloMessage, { readonly kind: "message" }>;

const VERSION_BYTES = 2;
const RANDOM_BYTES = 32;
const SESSION_ID_MAX_BYTES = 32;

/**
 * Parses the ClientHello at the start of a stream.
 *
 * @param bytes Everything received so far, from the first byte of the stream on.
 * @param options `maxBytes`: how long a hello may be, record headers included, 64 or more. Default
 * {@linkcode HELLO_MAX_BYTES}.
 * @returns `more` as long as the bytes are the start of some hello; `not_tls` at the first byte that
 * is not (an SSL 2.0 hello is not); `too_large` as soon as a declared length says so.
 */
export function parseClientHello(
  bytes: Uint8Array,
  options: { maxBytes?: number } = {},
): ClientHelloResult {
  const found = findHelloMessage(bytes, options.maxBytes ?? HELLO_MAX_BYTES);
  if (found.kind !== "message") return found;
  const blockAt = findBlock(found);
  if (typeof blockAt === "object") return blockAt;
  const extensions = parseBlock(found, blockAt);
  if ("kind" in extensions) return extensions;
  return {
    kind: "hello",
    serverName: extensions.serverName,
    supportedVersions: extensions.supportedVersions,
    legacyVersion: uint16At(found.bytes, found.start),
    recordVersion: found.recordVersion,
    isEchOffered: extensions.isEchOffered,
    bytes: found.streamBytes,
  };
}

/**
 * Passes over version, random, session ID, cipher suites and compression methods, checking their
 * lengths.
 *
 * @returns Where the extension block's length is, or the message's end if there is no block.
 */
function findBlock(message: ByteSpan): number | Malformed {
  const sessionIdAt = message.start + VERSION_BYTES + RANDOM_BYTES;
  const suitesAt = vector8End(message, sessionIdAt);
  const compressionAt = vector16End(message, suitesAt);
  const blockAt = vector8End(message, compressionAt);
  if (blockAt > message.end) return malformed("ClientHello is cut short", "decode_error");
  if (suitesAt - sessionIdAt - 1 > SESSION_ID_MAX_BYTES) {
    return malformed("session ID is too long", "decode_error");
  }
  const suitesBytes = compressionAt - suitesAt - 2;
  if (suitesBytes === 0 || suitesBytes % 2 !== 0) {
    return malformed("cipher suites have a wrong length", "decode_error");
  }
  if (blockAt === compressionAt + 1) {
    return malformed("compression methods are missing", "decode_error");
  }
  return blockAt;
}

/** Before TLS 1.3 there need not be a block at all. */
function parseBlock(message: ByteSpan, blockAt: number): HelloExtensions | Malformed {
  const { bytes, end: messageEnd } = message;
  if (blockAt === messageEnd) return parseHelloExtensions({ bytes, start: blockAt, end: blockAt });
  const end = vector16End(message, blockAt);
  if (end > messageEnd) return malformed("extensions have a wrong length", "decode_error");
  const extensions = parseHelloExtensions({ bytes, start: blockAt + 2, end });
  if ("kind" in extensions || end === messageEnd) return extensions;
  return malformed("extensions have a wrong length", "decode_error");
}
