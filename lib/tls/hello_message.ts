/**
 * Finds the handshake message a TLS stream begins with and takes it out of its records (RFC 8446
 * §5.1), deciding at the first byte that settles the matter. Does not look into the message. Pure.
 * Input comes from strangers.
 *
 * A message in one record is not copied. A call costs one step per record, whatever their size: a
 * message that trickles in by the byte costs little until it is whole. The number of records is
 * limited, since every further call walks them again.
 *
 * @module
 */
import { HELLO_MAX_RECORDS } from "../base/limits.ts";
import type { AlertDescription } from "./alert.ts";
import { type ByteSpan, uint16At } from "./byte_span.ts";

/** Bytes that break the grammar, and the alert that says so. */
export interface Malformed {
  readonly kind: "malformed";
  /** For the log; one of a fixed set of phrases, nothing of what the stranger sent. */
  readonly reason: string;
  readonly alert: AlertDescription;
}

/**
 * The ClientHello without its four-byte header, in the bytes given or, if it came in several records,
 * in a copy.
 */
export interface FoundMessage extends ByteSpan {
  readonly kind: "message";
  /** Of the first record; a client may put any version from 3.0 on there. */
  readonly recordVersion: number;
  /** Bytes of the stream up to the end of the message, record headers included. */
  readonly streamBytes: number;
}

/** What a stream begins with. All but `more` are final: further bytes change nothing. */
export type HelloMessage =
  | FoundMessage
  | { readonly kind: "more" }
  | { readonly kind: "not_tls" }
  | { readonly kind: "too_large" }
  | Malformed;

const RECORD_TYPE_HANDSHAKE = 22;
const RECORD_HEADER_BYTES = 5;
/** RFC 8446 §5.1: 2^14 bytes of plain text. */
const RECORD_MAX_BYTES = 16_384;
const MESSAGE_TYPE_CLIENT_HELLO = 1;
const MESSAGE_HEADER_BYTES = 4;

const MORE = { kind: "more" } as const;

/**
 * Finds the ClientHello at the start of a stream.
 *
 * @param bytes Everything received so far, from the first byte on.
 * @param maxBytes How many bytes of the stream the message may take, record headers included; 64 or
 * more.
 */
export function findHelloMessage(bytes: Uint8Array, maxBytes: number): HelloMessage {
  const header = { bytes: 0, type: 0, length: 0 };
  let messageBytes = 0;
  for (let offset = 0, records = 1;; records++) {
    const refusal = checkRecordHeader(bytes, offset);
    if (refusal !== undefined) return refusal;
    if (bytes.length < offset + RECORD_HEADER_BYTES) return MORE;
    const end = offset + RECORD_HEADER_BYTES + recordLength(bytes, offset);
    if (end > maxBytes) return { kind: "too_large" };
    if (header.bytes < MESSAGE_HEADER_BYTES) readMessageHeader(header, bytes, { offset, end });
    messageBytes += end - offset - RECORD_HEADER_BYTES;
    const missingBytes = checkMessageHeader(header, messageBytes);
    if (typeof missingBytes === "object") return missingBytes;
    // A message that needs one more record needs that record's header as well.
    const furtherBytes = missingBytes === 0 ? 0 : missingBytes + RECORD_HEADER_BYTES;
    if (end + furtherBytes > maxBytes) return { kind: "too_large" };
    if (missingBytes > 0 && records === HELLO_MAX_RECORDS) return { kind: "too_large" };
    if (bytes.length < end) return MORE;
    if (missingBytes === 0) return message(bytes, messageBytes, end);
    offset = end;
  }
}

/** Judges as much of a record's header as is there. */
function checkRecordHeader(bytes: Uint8Array, offset: number): HelloMessage | undefined {
  const available = bytes.length - offset;
  // Only a first record can show that it is another protocol: later ones were announced as TLS.
  if (available > 0 && bytes[offset] !== RECORD_TYPE_HANDSHAKE) {
    if (offset === 0) return { kind: "not_tls" };
    return malformed("ClientHello is interrupted by another record type", "unexpected_message");
  }
  // Only the major version counts (RFC 8446 §5.1 wants the rest ignored); SSL 3.0 to TLS 1.3 share it.
  if (available > 1 && bytes[offset + 1] !== 3) {
    if (offset === 0) return { kind: "not_tls" };
    return malformed("record version changes within the ClientHello", "protocol_version");
  }
  if (available < RECORD_HEADER_BYTES) return undefined;
  const length = recordLength(bytes, offset);
  // Empty handshake fragments are forbidden, and would be free of charge for an attacker.
  if (length === 0) return malformed("handshake record is empty", "unexpected_message");
  if (length > RECORD_MAX_BYTES) return malformed("record is too long", "record_overflow");
  return undefined;
}

function recordLength(bytes: Uint8Array, offset: number): number {
  return uint16At(bytes, offset + 3);
}

/** The four bytes before the message, which may themselves lie in up to four records. */
interface MessageHeader {
  /** How many of them have been read. */
  bytes: number;
  type: number;
  length: number;
}

function readMessageHeader(
  header: MessageHeader,
  bytes: Uint8Array,
  record: { offset: number; end: number },
): void {
  const end = Math.min(record.end, bytes.length);
  let at = record.offset + RECORD_HEADER_BYTES;
  for (; at < end && header.bytes < MESSAGE_HEADER_BYTES; at++) {
    if (header.bytes === 0) header.type = bytes[at];
    else header.length = header.length << 8 | bytes[at];
    header.bytes++;
  }
}

/**
 * @param messageBytes What the records so far hold of the message, by their own headers.
 * @returns How many bytes later records must bring, as far as that is known.
 */
function checkMessageHeader(header: MessageHeader, messageBytes: number): number | Malformed {
  if (header.bytes > 0 && header.type !== MESSAGE_TYPE_CLIENT_HELLO) {
    return malformed("first handshake message is no ClientHello", "unexpected_message");
  }
  if (header.bytes < MESSAGE_HEADER_BYTES) return Math.max(0, MESSAGE_HEADER_BYTES - messageBytes);
  const missingBytes = MESSAGE_HEADER_BYTES + header.length - messageBytes;
  // A client has nothing else to say in the clear before it has been answered.
  if (missingBytes < 0) {
    return malformed("bytes follow the ClientHello in its record", "unexpected_message");
  }
  return missingBytes;
}

function message(bytes: Uint8Array, messageBytes: number, streamBytes: number): FoundMessage {
  const isOneRecord = streamBytes === RECORD_HEADER_BYTES + messageBytes;
  const before = isOneRecord ? RECORD_HEADER_BYTES : 0;
  return {
    kind: "message",
    bytes: isOneRecord ? bytes : joinRecords(bytes, messageBytes),
    start: before + MESSAGE_HEADER_BYTES,
    end: before + messageBytes,
    recordVersion: uint16At(bytes, 1),
    streamBytes,
  };
}

function joinRecords(bytes: Uint8Array, messageBytes: number): Uint8Array {
  const whole = new Uint8Array(messageBytes);
  for (let offset = 0, filled = 0; filled < messageBytes;) {
    const start = offset + RECORD_HEADER_BYTES;
    const end = start + recordLength(bytes, offset);
    whole.set(bytes.subarray(start, end), filled);
    filled += end - start;
    offset = end;
  }
  return whole;
}

/** Creates a {@linkcode Malformed}. */
export function malformed(reason: string, alert: AlertDescription): Malformed {
  return { kind: "malformed", reason, alert };
}
