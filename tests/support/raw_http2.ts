/**
 * An HTTP/2 client that says what it likes: fields that no library would send, lengths that are wrong
 * (RFC 9113). It understands of an answer its status, its body and how it ended. Whoever opens one
 * disposes of it. Does I/O.
 *
 * @module
 */
import type { TcpAddress } from "../../lib/base/addresses.ts";
import { withDeadline } from "./deadline.ts";
import { openTls, type RawClient } from "./raw_client.ts";

/** Milliseconds for an answer. */
const TIMEOUT_MS = 10_000;

const FRAME_HEAD_BYTES = 9;

/** RFC 9113 §6. */
const TYPE = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7 } as const;
const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** SETTINGS_HEADER_TABLE_SIZE 0: each field section can then be read on its own. */
const NO_TABLE = [0, 1, 0, 0, 0, 0];

/** What became of a request. */
export type Http2Outcome =
  | { readonly kind: "answer"; readonly status: number; readonly body: string }
  /** RST_STREAM, or GOAWAY for the whole connection (RFC 9113 §7). */
  | { readonly kind: "reset" | "goaway"; readonly code: number; readonly status?: number }
  | { readonly kind: "closed" };

/** A name and a value, latin1. */
export type RawField = readonly [name: string, value: string];

/** Opens a connection and greets. @throws {Error} If the other side does not agree on HTTP/2. */
export async function openRawHttp2(
  to: TcpAddress,
  options: { readonly serverName: string; readonly caPem: string },
): Promise<RawHttp2> {
  const client = await openTls(to, { ...options, alpn: ["h2"] });
  await client.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  await client.write(encodeRawFrame({ type: TYPE.settings, flags: 0, stream: 0 }, NO_TABLE));
  return new RawHttp2(client);
}

/** Encodes one frame (RFC 9113 §4.1). */
export function encodeRawFrame(
  { type, flags, stream }: { type: number; flags: number; stream: number },
  payload: ArrayLike<number> = [],
): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEAD_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length << 8 | type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  bytes.set(payload, FRAME_HEAD_BYTES);
  return bytes;
}

/** Encodes fields as literals with literal names (RFC 7541 §6.2.2), whatever is in them. */
export function encodeFields(fields: readonly RawField[]): number[] {
  return fields.flatMap(([name, value]) => [0, ...encodeText(name), ...encodeText(value)]);
}

/** An open connection. Requests are made one after the other. */
export class RawHttp2 implements Disposable {
  readonly client: RawClient;
  #kept: Uint8Array = new Uint8Array();
  #nextStream = 1;

  constructor(client: RawClient) {
    this.client = client;
  }

  /**
   * Makes a request and waits for what becomes of it.
   *
   * @param options.body Is sent in one DATA frame; without it the field section ends the stream.
   */
  async request(
    fields: readonly RawField[],
    options: { readonly body?: string } = {},
  ): Promise<Http2Outcome> {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const { body } = options;
    const flags = FLAG.endHeaders | (body === undefined ? FLAG.endStream : 0);
    await this.client.write(
      encodeRawFrame({ type: TYPE.headers, flags, stream }, encodeFields(fields)),
    );
    if (body !== undefined) {
      const bytes = Uint8Array.from(body, (character) => character.charCodeAt(0));
      const frame = { type: TYPE.data, flags: FLAG.endStream, stream };
      // A stream that has been reset meanwhile may take the connection with it.
      await this.client.write(encodeRawFrame(frame, bytes)).catch(() => {});
    }
    const describe = () => `an outcome of stream ${stream}`;
    return await withDeadline(this.#outcomeOf(stream), TIMEOUT_MS, describe);
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
  }

  async #outcomeOf(wanted: number): Promise<Http2Outcome> {
    let status: number | undefined;
    let body = "";
    for (;;) {
      const frame = await this.#readFrame();
      if (frame === undefined) return { kind: "closed" };
      const { type, flags, stream, payload } = frame;
      const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
      if (type === TYPE.goaway && view.getUint32(4) !== 0) {
        return { kind: "goaway", code: view.getUint32(4), status };
      }
      if (stream === 0) await this.#acknowledge(frame);
      if (stream !== wanted) continue;
      if (type === TYPE.reset) return { kind: "reset", code: view.getUint32(0), status };
      if (type === TYPE.headers) status = decodeStatus(payload) ?? status;
      if (type === TYPE.data) body += new TextDecoder("latin1").decode(payload);
      const isEnd = (type === TYPE.headers || type === TYPE.data) && (flags & FLAG.endStream) !== 0;
      if (isEnd) return { kind: "answer", status: status ?? 0, body };
    }
  }

  async #acknowledge({ type, flags, payload }: Frame): Promise<void> {
    if ((type !== TYPE.settings && type !== TYPE.ping) || (flags & FLAG.ack) !== 0) return;
    const echoed = type === TYPE.ping ? payload : [];
    await this.client.write(encodeRawFrame({ type, flags: FLAG.ack, stream: 0 }, echoed));
  }

  async #readFrame(): Promise<Frame | undefined> {
    const head = await this.#take(FRAME_HEAD_BYTES);
    if (head === undefined) return undefined;
    const view = new DataView(head.buffer, head.byteOffset);
    const payload = await this.#take(view.getUint32(0) >>> 8);
    if (payload === undefined) return undefined;
    return { type: head[3], flags: head[4], stream: view.getUint32(5), payload };
  }

  async #take(length: number): Promise<Uint8Array | undefined> {
    while (this.#kept.length < length) {
      const buffer = new Uint8Array(65_536);
      // A reset ends the connection just as well.
      const count = await this.client.connection.read(buffer).catch(() => null);
      if (count === null) return undefined;
      const joined = new Uint8Array(this.#kept.length + count);
      joined.set(this.#kept);
      joined.set(buffer.subarray(0, count), this.#kept.length);
      this.#kept = joined;
    }
    const taken = this.#kept.slice(0, length);
    this.#kept = this.#kept.subarray(length);
    return taken;
  }
}

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

/** RFC 7541 §5.1 and §5.2, without Huffman codes. */
function encodeText(text: string): number[] {
  const bytes = Array.from(text, (character) => character.charCodeAt(0));
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) length.push(rest & 127 | 128);
    length.push(rest);
  }
  return [...length, ...bytes];
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
