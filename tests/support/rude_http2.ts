/**
 * An HTTP/2 client without manners (RFC 9113): it sends any frame at any time, in any number, and opens
 * no window unless it is told to. What the other side sends is read meanwhile and counted. Whoever opens
 * one disposes of it. Does I/O.
 *
 * @module
 */
import type { TcpAddress } from "../../lib/base/addresses.ts";
import { withDeadline } from "./deadline.ts";
import { openTls, RawClient } from "./raw_client.ts";
import { decodeStatus, encodeFields, encodeRawFrame, type RawField } from "./raw_http2.ts";

/** RFC 9113 §6. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** RFC 9113 §6.1, §6.2, §6.5. */
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;

const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const FRAME_HEAD_BYTES = 9;

/** SETTINGS_HEADER_TABLE_SIZE 0: each field section can then be read on its own. */
const NO_TABLE = [0, 1, 0, 0, 0, 0];

/** What is said at the start, beside the preface. */
export interface Greeting {
  /** SETTINGS_INITIAL_WINDOW_SIZE: bytes of each answer that may come unasked. Default 65,535. */
  readonly windowBytes?: number;
}

/** What has come so far. */
export interface Seen {
  /** Frames by their type. */
  readonly frames: number[];
  /** By stream. */
  readonly statuses: Map<number, number>;
  /** Error codes of RST_STREAM, by stream. */
  readonly resets: Map<number, number>;
  /** Bytes of DATA, by stream. */
  readonly dataBytes: Map<number, number>;
  readonly endedStreams: Set<number>;
  /** Error code of the first GOAWAY that has one. */
  goawayCode: number | undefined;
  isClosed: boolean;
}

/** Opens a connection over TLS and greets. @throws {Error} If the handshake fails. */
export async function openRudeHttp2(
  to: TcpAddress,
  options: { readonly serverName: string; readonly caPem: string } & Greeting,
): Promise<RudeHttp2> {
  const client = new RudeHttp2(await openTls(to, { ...options, alpn: ["h2"] }));
  await client.greet(options);
  return client;
}

/** An open connection. */
export class RudeHttp2 implements Disposable {
  readonly seen: Seen = {
    frames: Array.from({ length: 256 }, () => 0),
    statuses: new Map(),
    resets: new Map(),
    dataBytes: new Map(),
    endedStreams: new Set(),
    goawayCode: undefined,
    isClosed: false,
  };
  readonly #client: RawClient;
  #onSeen: (() => void) | undefined;
  #nextStream = 1;

  /** @param client Over TLS or not; belongs to this one. */
  constructor(client: RawClient | Deno.Conn) {
    this.#client = client instanceof RawClient ? client : new RawClient(client);
  }

  /** Sends the preface and SETTINGS, and begins to read. */
  async greet({ windowBytes = 65_535 }: Greeting = {}): Promise<void> {
    void this.#readAll();
    const settings = [...NO_TABLE, ...encodeSetting(4, windowBytes)];
    await this.write(PREFACE);
    await this.frame({ type: FRAME.settings, flags: 0, stream: 0 }, settings);
  }

  /** Writes bytes as they are. @throws {Error} If the other side has cut the connection. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#client.write(bytes);
  }

  /** Sends one frame. */
  async frame(
    head: { type: number; flags: number; stream: number },
    payload: ArrayLike<number> = [],
  ): Promise<void> {
    await this.write(encodeRawFrame(head, payload));
  }

  /** Returns the number that the next stream has (RFC 9113 §5.1.1). */
  takeStream(): number {
    this.#nextStream += 2;
    return this.#nextStream - 2;
  }

  /**
   * Opens a stream.
   *
   * @param isWhole Whether the request ends with its head.
   * @returns Its number.
   */
  async open(fields: readonly RawField[], isWhole = true): Promise<number> {
    const stream = this.takeStream();
    await this.write(encodeHead(stream, fields, isWhole));
    return stream;
  }

  /** Lets the other side send so many bytes more. @param stream 0 for the connection. */
  async openWindow(stream: number, bytes: number): Promise<void> {
    const increment = encodeSetting(0, bytes).slice(2);
    await this.frame({ type: FRAME.windowUpdate, flags: 0, stream }, increment);
  }

  /** Waits until something has been seen. @throws {Error} If it has not within `timeoutMs`. */
  async until(holds: (seen: Seen) => boolean, what: string, timeoutMs = 10_000): Promise<void> {
    const waiting = (async () => {
      while (!holds(this.seen)) {
        if (this.seen.isClosed) throw new Error(`closed before ${what}: ${this.describe()}`);
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#onSeen = resolve;
        await promise;
      }
    })();
    await withDeadline(waiting, timeoutMs, () => `${what}: ${this.describe()}`);
  }

  /** Waits until the other side has ended or cut the connection. */
  async untilClosed(timeoutMs = 10_000): Promise<void> {
    await this.until(({ isClosed }) => isClosed, "its end", timeoutMs);
  }

  /** Says what has come, for a message. */
  describe(): string {
    const { frames, statuses, resets, goawayCode } = this.seen;
    return JSON.stringify({
      frames: frames.slice(0, 10),
      statuses: [...new Set(statuses.values())],
      resets: [...new Set(resets.values())],
      goawayCode,
    });
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  async #readAll(): Promise<void> {
    const buffer = new Uint8Array(262_144);
    let end = 0;
    for (;;) {
      const room = buffer.subarray(end);
      // A reset ends the connection just as well.
      const count = await this.#client.connection.read(room).catch(() => null);
      if (count === null) break;
      const taken = this.#noteFrames(buffer.subarray(0, end + count));
      buffer.copyWithin(0, taken, end + count);
      end += count - taken;
      this.#onSeen?.();
    }
    this.seen.isClosed = true;
    this.#onSeen?.();
  }

  /** @returns How many bytes were whole frames. */
  #noteFrames(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      const end = at + FRAME_HEAD_BYTES + (view.getUint32(at) >>> 8);
      if (end > bytes.length) break;
      const payload = bytes.subarray(at + FRAME_HEAD_BYTES, end);
      this.#note(
        { type: bytes[at + 3], flags: bytes[at + 4], stream: view.getUint32(at + 5) },
        payload,
      );
      at = end;
    }
    return at;
  }

  #note(
    { type, flags, stream }: { type: number; flags: number; stream: number },
    payload: Uint8Array,
  ): void {
    const { dataBytes, endedStreams, frames, resets, statuses } = this.seen;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    frames[type]++;
    if (type === FRAME.goaway && view.getUint32(4) !== 0) {
      this.seen.goawayCode ??= view.getUint32(4);
    }
    if (type === FRAME.reset) resets.set(stream, view.getUint32(0));
    if (type === FRAME.data) dataBytes.set(stream, (dataBytes.get(stream) ?? 0) + payload.length);
    if (type === FRAME.headers) statuses.set(stream, decodeStatus(payload) ?? 0);
    const mayEnd = type === FRAME.headers || type === FRAME.data;
    if (mayEnd && (flags & FLAG.endStream) !== 0) endedStreams.add(stream);
  }
}

/** Encodes a request's head. */
export function encodeHead(
  stream: number,
  fields: readonly RawField[],
  isWhole = true,
): Uint8Array {
  const flags = FLAG.endHeaders | (isWhole ? FLAG.endStream : 0);
  return encodeRawFrame({ type: FRAME.headers, flags, stream }, encodeFields(fields));
}

/** The pseudo-header fields of a request (RFC 9113 §8.3.1). */
export function pseudoFields(host: string, path = "/", method = "GET"): RawField[] {
  return [[":method", method], [":scheme", "https"], [":authority", host], [":path", path]];
}

/** Encodes one setting (RFC 9113 §6.5.1). */
export function encodeSetting(id: number, value: number): number[] {
  return [0, id, value >>> 24, value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff];
}
