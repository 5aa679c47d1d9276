/**
 * An HTTP/2 client without manners (RFC 9113): it sends any frame at any time, in any number, and opens
 * no window unless it is told to. What the other side sends is read meanwhile and counted. Whoever opens
 * one disposes of it. Does I/O.
 *
 * @module
 */
import type { TcpAddress } from "../../lib/base/addresses.ts";
import { withDeadline } from "./deadline.ts";
import {
  decodeStatus,
  encodeHead,
  encodeRawFrame,
  encodeSettings,
  encodeWindowUpdate,
  FLAG,
  FRAME,
  type Frame,
  PREFACE,
  type RawField,
  readUint32,
  SETTING,
  takeFrames,
} from "./http2_frames.ts";
import { openTls, RawClient } from "./raw_client.ts";

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
  #isReading = true;
  #nextStream = 1;

  /** @param client Over TLS or not; belongs to this one. */
  constructor(client: RawClient | Deno.Conn) {
    this.#client = client instanceof RawClient ? client : new RawClient(client);
  }

  /** Sends the preface and SETTINGS, and begins to read. */
  async greet({ windowBytes = 65_535 }: Greeting = {}): Promise<void> {
    void this.#readAll();
    await this.write(PREFACE);
    // Without a table, each field section can be read on its own.
    await this.write(encodeSettings([
      [SETTING.headerTableSize, 0],
      [SETTING.initialWindowSize, windowBytes],
    ]));
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
    await this.write(encodeWindowUpdate(stream, bytes));
  }

  /** Reads what is on its way once more, and then no more: the kernel's buffers fill. */
  stopReading(): void {
    this.#isReading = false;
  }

  /** Waits until something has been seen. @throws {Error} If it has not within `timeoutMs`. */
  async until(holds: (seen: Seen) => boolean, what: string, timeoutMs = 20_000): Promise<void> {
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
  async untilClosed(timeoutMs = 20_000): Promise<void> {
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
    while (this.#isReading) {
      const room = buffer.subarray(end);
      // A reset ends the connection just as well.
      const count = await this.#client.connection.read(room).catch(() => null);
      if (count === null) break;
      const taken = takeFrames(buffer.subarray(0, end + count), (frame) => this.#note(frame));
      buffer.copyWithin(0, taken, end + count);
      end += count - taken;
      this.#onSeen?.();
    }
    this.seen.isClosed = this.#isReading;
    this.#onSeen?.();
  }

  #note({ type, flags, stream, payload }: Frame): void {
    const { dataBytes, endedStreams, frames, resets, statuses } = this.seen;
    frames[type]++;
    if (type === FRAME.goaway && readUint32(payload, 4) !== 0) {
      this.seen.goawayCode ??= readUint32(payload, 4);
    }
    if (type === FRAME.reset) resets.set(stream, readUint32(payload));
    if (type === FRAME.data) dataBytes.set(stream, (dataBytes.get(stream) ?? 0) + payload.length);
    if (type === FRAME.headers) {
      statuses.set(stream, decodeStatus(payload) ?? statuses.get(stream) ?? 0);
    }
    const mayEnd = type === FRAME.headers || type === FRAME.data;
    if (mayEnd && (flags & FLAG.endStream) !== 0) endedStreams.add(stream);
  }
}
