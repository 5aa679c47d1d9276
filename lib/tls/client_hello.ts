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
import { ByteReader } from "./byte_reader.ts";
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
  /** Protocols in the client's order, one character per byte; GREASE (RFC 8701) included. */
  readonly alpn: readonly string[];
  /** As sent, GREASE included; empty if there is no such extension (TLS 1.2 and before). */
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
  const reader = new ByteReader(found.body);
  const legacyVersion = reader.uint16();
  const offence = skipToExtensions(reader);
  if (offence !== undefined) return offence;
  const extensions = parseHelloExtensions(reader.remaining === 0 ? reader : reader.vector(2));
  if ("kind" in extensions) return extensions;
  if (reader.failed || reader.remaining > 0) {
    return malformed("extensions have a wrong length", "decode_error");
  }
  return {
    kind: "hello",
    serverName: extensions.serverName,
    alpn: extensions.alpn,
    supportedVersions: extensions.supportedVersions,
    legacyVersion,
    recordVersion: found.recordVersion,
    isEchOffered: extensions.isEchOffered,
    bytes: found.bytes,
  };
}

/** Passes over random, session ID, cipher suites and compression methods, checking their lengths. */
function skipToExtensions(reader: ByteReader): Malformed | undefined {
  reader.skip(RANDOM_BYTES);
  const sessionId = reader.vector(1);
  const cipherSuites = reader.vector(2);
  const compressionMethods = reader.vector(1);
  if (reader.failed) return malformed("ClientHello is cut short", "decode_error");
  if (sessionId.remaining > SESSION_ID_MAX_BYTES) {
    return malformed("session ID is too long", "decode_error");
  }
  if (cipherSuites.remaining === 0 || cipherSuites.remaining % 2 !== 0) {
    return malformed("cipher suites have a wrong length", "decode_error");
  }
  if (compressionMethods.remaining === 0) {
    return malformed("compression methods are missing", "decode_error");
  }
  return undefined;
}
