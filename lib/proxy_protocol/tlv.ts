/**
 * Type-length-value vectors, what a version 2 PROXY header can carry besides addresses
 * (proxy-protocol.txt §2.2). Pure. Input comes from strangers.
 *
 * @module
 */

/** One vector. */
export interface Tlv {
  /** 0 to 255; the known ones are in {@linkcode TLV_TYPES}. */
  readonly type: number;
  /** At most 65535 bytes. */
  readonly value: Uint8Array;
}

/** Types with a use here (proxy-protocol.txt §2.2.1 to §2.2.5). */
export const TLV_TYPES = {
  /** The protocol in use, for example `h2`. */
  alpn: 0x01,
  /** The client's server name. */
  authority: 0x02,
  /** Four bytes: the checksum of the header. */
  crc32c: 0x03,
  /** Padding. */
  noop: 0x04,
  /** At most {@linkcode UNIQUE_ID_MAX_BYTES} bytes that name the connection. */
  uniqueId: 0x05,
} as const;

/** proxy-protocol.txt §2.2.5. */
export const UNIQUE_ID_MAX_BYTES = 128;

const TLV_HEADER_BYTES = 3;
const VALUE_MAX_BYTES = 0xffff;

/** Creates a vector whose value is UTF-8 text, such as `authority` or `alpn`. */
export function textTlv(type: number, text: string): Tlv {
  return { type, value: new TextEncoder().encode(text) };
}

/**
 * Encodes vectors one after the other.
 *
 * @throws {RangeError} If a value is longer than 65535 bytes, or a unique ID longer than 128.
 */
export function encodeTlvs(tlvs: readonly Tlv[]): Uint8Array<ArrayBuffer> {
  const length = tlvs.reduce((sum, { value }) => sum + TLV_HEADER_BYTES + value.length, 0);
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const { type, value } of tlvs) {
    const maxBytes = type === TLV_TYPES.uniqueId ? UNIQUE_ID_MAX_BYTES : VALUE_MAX_BYTES;
    if (value.length > maxBytes) {
      throw new RangeError(`Cannot encode TLV ${type}: over ${maxBytes} bytes`);
    }
    bytes.set([type, value.length >> 8, value.length & 0xff], offset);
    bytes.set(value, offset + TLV_HEADER_BYTES);
    offset += TLV_HEADER_BYTES + value.length;
  }
  return bytes;
}

/** @returns The vectors, their values as views; undefined if they do not fill the bytes exactly. */
export function parseTlvs(bytes: Uint8Array): readonly Tlv[] | undefined {
  const tlvs: Tlv[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const start = offset + TLV_HEADER_BYTES;
    if (start > bytes.length) return undefined;
    const end = start + (bytes[offset + 1] << 8 | bytes[offset + 2]);
    if (end > bytes.length) return undefined;
    tlvs.push({ type: bytes[offset], value: bytes.subarray(start, end) });
    offset = end;
  }
  return tlvs;
}
