/**
 * HTTP/2 frames as a test writes and reads them (RFC 9113 §4, §6): right ones, and any others, for
 * nothing is checked. Pure.
 *
 * @module
 */

/** Types of frames (RFC 9113 §6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames (RFC 9113 §6.1, §6.2, §6.5). */
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** Settings (RFC 9113 §6.5.2, RFC 9218 §2.1). */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  noPriorities: 9,
} as const;

/** Error codes (RFC 9113 §7). */
export const CODE = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  connectError: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  http11Required: 13,
} as const;

/** What a client says first (RFC 9113 §3.4). */
export const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Bytes in front of each payload. */
export const FRAME_HEAD_BYTES = 9;

/** Largest payload that is allowed unasked (RFC 9113 §4.2). */
export const FRAME_MAX_BYTES = 16_384;

/** Largest window, and largest increment of one (RFC 9113 §6.9.1). */
export const WINDOW_MAX_BYTES = 0x7fff_ffff;

/** A name and a value, latin1. */
export type RawField = readonly [name: string, value: string];

/** A setting's number and its value. */
export type RawSetting = readonly [id: number, value: number];

/** Where a frame belongs. */
export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

/** One frame that was read. */
export interface Frame extends FrameHead {
  /** A view of what was read. */
  readonly payload: Uint8Array;
}

/** Encodes one frame (RFC 9113 §4.1). */
export function encodeRawFrame(
  { type, flags, stream }: FrameHead,
  payload: ArrayLike<number> = [],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FRAME_HEAD_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length << 8 | type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  bytes.set(payload, FRAME_HEAD_BYTES);
  return bytes;
}

/** Encodes DATA. @param data Latin1 text or bytes. */
export function encodeData(stream: number, data: string | ArrayLike<number> = [], flags = 0) {
  const payload = typeof data === "string" ? encodeLatin1(data) : data;
  return encodeRawFrame({ type: FRAME.data, flags, stream }, payload);
}

/** Encodes HEADERS with a whole field section. */
export function encodeHead(stream: number, fields: readonly RawField[], isWhole = true) {
  return encodeHeaders(stream, encodeFields(fields), isWhole ? WHOLE_REQUEST : FLAG.endHeaders);
}

/** Flags of HEADERS that are all of a request. */
export const WHOLE_REQUEST = FLAG.endHeaders | FLAG.endStream;

/** Encodes HEADERS with any payload. */
export function encodeHeaders(stream: number, block: ArrayLike<number>, flags = WHOLE_REQUEST) {
  return encodeRawFrame({ type: FRAME.headers, flags, stream }, block);
}

/** Encodes CONTINUATION. */
export function encodeContinuation(stream: number, block: ArrayLike<number> = [], flags = 0) {
  return encodeRawFrame({ type: FRAME.continuation, flags, stream }, block);
}

/** Encodes PRIORITY. @param dependsOn With the highest bit: exclusively. */
export function encodePriority(stream: number, dependsOn = 0, weight = 16) {
  const payload = encodePriorityFields(dependsOn, weight);
  return encodeRawFrame({ type: FRAME.priority, flags: 0, stream }, payload);
}

/** Encodes what PRIORITY and HEADERS say of a stream's weight (RFC 9113 §6.3). @param weight 1 to 256. */
export function encodePriorityFields(dependsOn: number, weight: number): number[] {
  return [...encodeUint32(dependsOn), weight - 1];
}

/** Encodes RST_STREAM. */
export function encodeReset(stream: number, code: number = CODE.cancel) {
  return encodeRawFrame({ type: FRAME.reset, flags: 0, stream }, encodeUint32(code));
}

/** Encodes SETTINGS. */
export function encodeSettings(settings: readonly RawSetting[] = [], flags = 0) {
  const payload = settings.flatMap(([id, value]) => encodeSetting(id, value));
  return encodeRawFrame({ type: FRAME.settings, flags, stream: 0 }, payload);
}

/** Encodes one setting (RFC 9113 §6.5.1). */
export function encodeSetting(id: number, value: number): number[] {
  return [id >> 8, id & 0xff, ...encodeUint32(value)];
}

/** Encodes PING. */
export function encodePing(data: ArrayLike<number> = new Uint8Array(8), flags = 0) {
  return encodeRawFrame({ type: FRAME.ping, flags, stream: 0 }, data);
}

/** Encodes GOAWAY. */
export function encodeGoaway(lastStream = 0, code: number = CODE.noError) {
  const payload = [...encodeUint32(lastStream), ...encodeUint32(code)];
  return encodeRawFrame({ type: FRAME.goaway, flags: 0, stream: 0 }, payload);
}

/** Encodes WINDOW_UPDATE. @param stream 0 for the connection. */
export function encodeWindowUpdate(stream: number, bytes: number) {
  return encodeRawFrame({ type: FRAME.windowUpdate, flags: 0, stream }, encodeUint32(bytes));
}

/** Encodes a number in network order. */
export function encodeUint32(value: number): number[] {
  return [value >>> 24, value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff];
}

/** Surrounds a payload with its padding (RFC 9113 §6.1). @param length Of the padding, 0 to 255. */
export function padded(payload: ArrayLike<number>, length: number): number[] {
  return [length, ...Array.from(payload), ...new Array<number>(length).fill(0)];
}

/** Encodes fields as literals with literal names (RFC 7541 §6.2.2), whatever is in them. */
export function encodeFields(fields: readonly RawField[]): number[] {
  return fields.flatMap(([name, value]) => [0, ...encodeText(name), ...encodeText(value)]);
}

/** The pseudo-header fields of a request (RFC 9113 §8.3.1). */
export function pseudoFields(host: string, path = "/", method = "GET"): RawField[] {
  return [[":method", method], [":scheme", "https"], [":authority", host], [":path", path]];
}

/** RFC 7541 §5.1 and §5.2, without Huffman codes. */
export function encodeText(text: string): number[] {
  return [...encodeInteger(text.length, 7), ...encodeLatin1(text)];
}

/** RFC 7541 §5.1. @param pattern The bits in front of the number, in their place. */
export function encodeInteger(value: number, prefixBits: number, pattern = 0): number[] {
  const most = 2 ** prefixBits - 1;
  if (value < most) return [pattern | value];
  const bytes = [pattern | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(rest % 128 | 128);
  return [...bytes, rest];
}

/** Puts pieces behind each other. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Puts the same bytes behind each other, `count` times. */
export function repeat(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  return concat(new Array<Uint8Array>(count).fill(bytes));
}

/**
 * Hands over each whole frame at the start of `bytes` (RFC 9113 §4.1).
 *
 * @returns How many bytes they were.
 */
export function takeFrames(bytes: Uint8Array, take: (frame: Frame) => void): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (bytes.length - at >= FRAME_HEAD_BYTES) {
    const end = at + FRAME_HEAD_BYTES + (view.getUint32(at) >>> 8);
    if (end > bytes.length) break;
    const payload = bytes.subarray(at + FRAME_HEAD_BYTES, end);
    // The highest bit says nothing.
    const stream = view.getUint32(at + 5) & WINDOW_MAX_BYTES;
    take({ type: bytes[at + 3], flags: bytes[at + 4], stream, payload });
    at = end;
  }
  return at;
}

/** Reads a number in network order. */
export function readUint32(payload: Uint8Array, at = 0): number {
  return new DataView(payload.buffer, payload.byteOffset, payload.length).getUint32(at);
}

/** Entries 8 to 14 of the static table (RFC 7541 Appendix A). */
const STATIC_STATUSES = [200, 204, 206, 304, 400, 404, 500];

/**
 * Reads `:status`, which stands first (RFC 9113 §8.3).
 *
 * @returns undefined in trailers.
 */
export function decodeStatus(fields: Uint8Array): number | undefined {
  // Changes of the table's size (RFC 7541 §6.3) come before it.
  let at = 0;
  while (fields[at] >> 5 === 1) {
    const isLong = (fields[at++] & 0x1f) === 0x1f;
    while (isLong && fields[at++] >= 0x80);
  }
  const first = fields[at];
  if (first >= 0x88 && first <= 0x8e) return STATIC_STATUSES[first - 0x88];
  // A literal whose name is an entry of the static table, indexed or not or never.
  const nameIndex = first >> 6 === 1 ? first & 0x3f : first & 0x0f;
  if (first >= 0x80 || nameIndex < 8 || nameIndex > 14) return undefined;
  const [head, ...value] = fields.subarray(at + 1, at + 2 + (fields[at + 1] & 0x7f));
  return Number(head >= 0x80 ? decodeDigits(value) : String.fromCharCode(...value));
}

/** Digits in Huffman codes (RFC 7541 Appendix B): 0 to 2 have 5 bits, 3 to 9 have 6. */
function decodeDigits(bytes: readonly number[]): string {
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let digits = "";
  for (let at = 0; at + 5 <= bits.length;) {
    const five = parseInt(bits.slice(at, at + 5), 2);
    if (five <= 2) {
      digits += five;
      at += 5;
      continue;
    }
    const six = parseInt(bits.slice(at, at + 6), 2);
    if (six < 25 || six > 31) break; // Padding.
    digits += six - 22;
    at += 6;
  }
  return digits;
}

function encodeLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
