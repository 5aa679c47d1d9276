/**
 * The frames of HTTP/2 as they lie on the wire (RFC 9113 §4.1, §6): their types, their flags, their
 * heads. Pure.
 *
 * @module
 */

/** Types of frames (RFC 9113 §6). Others are to be ignored (§4.1). */
export const FRAME = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  reset: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

/** Flags; which of them a frame may have depends on its type. */
export const FLAG = {
  ack: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** Bytes before each frame's payload. */
export const FRAME_HEAD_BYTES = 9;

/** Payload of the largest frame that either side sends: the least that may be allowed (§4.2, §6.5.2). */
export const FRAME_PAYLOAD_MAX_BYTES = 16_384;

/** Payload of the largest DATA frame we send: with its head it fills a TLS record (RFC 8446 §5.1). */
export const DATA_PAYLOAD_MAX_BYTES: number = FRAME_PAYLOAD_MAX_BYTES - FRAME_HEAD_BYTES;

/** What a client opens its connection with (RFC 9113 §3.4). */
export const PREFACE: Uint8Array = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** The largest window, and the largest number of a stream: 31 bits (§6.9.1, §5.1.1). */
export const INT31_MAX = 0x7fff_ffff;

/** What stands in a frame's head beside the length of its payload. */
export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  /** 0 for the connection. */
  readonly stream: number;
}

/** Writes the nine bytes of a head at `at`. @param length Bytes of the payload. */
export function writeFrameHead(
  bytes: Uint8Array,
  at: number,
  { length, type, flags, stream }: FrameHead & { readonly length: number },
): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  writeUint32(bytes, at + 5, stream);
}

/** Writes a number of 32 bits. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Reads a number of 32 bits. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return readUint31(bytes, at) + (bytes[at] > 0x7f ? 0x8000_0000 : 0);
}

/** Reads a number of 31 bits, whose first bit is reserved and ignored. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return (bytes[at] & 0x7f) << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
}
