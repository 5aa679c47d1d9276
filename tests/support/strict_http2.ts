/**
 * An HTTP/2 client over TLS that keeps to the rules itself and sees whether the server does (RFC 9113).
 * It takes whatever comes, and shows each stream as a whole: hints, head, body, trailers, and how it
 * ended. Whoever opens one closes it. Does I/O.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { TcpAddress } from "../../lib/base/addresses.ts";
import { withDeadline } from "./deadline.ts";
import {
  concat,
  encodeData,
  encodeHead,
  encodeSettings,
  encodeWindowUpdate,
  FLAG,
  FRAME_MAX_BYTES,
  PREFACE,
  pseudoFields,
  type RawField,
  SETTING,
} from "./http2_frames.ts";
import { Http2Witness, type SeenStream } from "./http2_witness.ts";
import { openTls, type RawClient } from "./raw_client.ts";

/** Milliseconds that any wait may take. */
const TIMEOUT_MS = 20_000;

/** Bytes of each answer that may come unasked, and of all together: tests fetch less. */
const WINDOW_BYTES = 64 * 1_048_576;

/** Opens a connection and greets. @throws {Error} If the other side does not agree on HTTP/2. */
export async function openStrictHttp2(
  to: TcpAddress,
  options: { readonly serverName: string; readonly caPem: string },
): Promise<StrictHttp2> {
  const client = new StrictHttp2(
    await openTls(to, { ...options, alpn: ["h2"] }),
    options.serverName,
  );
  await client.send(
    PREFACE,
    encodeSettings([[SETTING.initialWindowSize, WINDOW_BYTES]]),
    encodeWindowUpdate(0, WINDOW_BYTES),
  );
  await client.until(({ settings }) => settings.size > 0, "SETTINGS");
  await client.send(encodeSettings([], FLAG.ack));
  return client;
}

/** An open connection. */
export class StrictHttp2 implements AsyncDisposable {
  readonly witness = new Http2Witness();
  readonly #raw: RawClient;
  readonly #host: string;
  readonly #reading: Promise<void>;
  #isClosed = false;
  #wake: (() => void)[] = [];
  #nextStream = 1;

  /** @param host What is asked for. */
  constructor(raw: RawClient, host: string) {
    this.#raw = raw;
    this.#host = host;
    this.#reading = this.#readAll();
  }

  /** Whether the server has ended or cut the connection. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends frames in one write. @throws {Error} If the server has cut the connection. */
  async send(...frames: readonly Uint8Array[]): Promise<void> {
    const bytes = concat(frames);
    this.witness.noteSent(bytes);
    await this.#raw.write(bytes);
  }

  /** Opens a stream. @returns Its number. */
  async open(
    { method = "GET", path = "/", fields = [], isWhole = true }: {
      readonly method?: string;
      readonly path?: string;
      readonly fields?: readonly RawField[];
      readonly isWhole?: boolean;
    } = {},
  ): Promise<number> {
    const id = this.#nextStream;
    this.#nextStream += 2;
    const all = [...pseudoFields(this.#host, path, method), ...fields];
    await this.send(encodeHead(id, all, isWhole));
    return id;
  }

  /**
   * Sends bytes of a body as the windows let it, and with `isLast` its end; gives up once the stream has
   * been answered or reset.
   */
  async write(id: number, bytes: Uint8Array, isLast = false): Promise<void> {
    let at = 0;
    do {
      const hasRoom = () => this.#roomOf(id) > 0 || bytes.length === 0;
      await this.until(() => hasRoom() || this.#isOver(id), "a window");
      if (this.#isOver(id)) return;
      const end = Math.min(bytes.length, at + Math.min(this.#roomOf(id), FRAME_MAX_BYTES));
      const isEnd = isLast && end === bytes.length;
      await this.send(encodeData(id, bytes.subarray(at, end), isEnd ? FLAG.endStream : 0));
      at = end;
    } while (at < bytes.length);
  }

  /** Waits until a stream has ended, whole or not. */
  async outcome(id: number): Promise<SeenStream> {
    await this.until(() => this.#isOver(id) || this.#isClosed, `the end of ${id}`);
    return this.witness.stream(id);
  }

  /** Waits until something has been seen. @throws {Error} If it has not in time. */
  async until(holds: (witness: Http2Witness) => boolean, what: string): Promise<void> {
    const waiting = (async () => {
      while (!holds(this.witness)) {
        if (this.#isClosed) throw new Error(`closed before ${what}: ${this.witness.describe()}`);
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    })();
    await withDeadline(waiting, TIMEOUT_MS, () => `${what}: ${this.witness.describe()}`);
  }

  /** Closes the connection, at once. */
  cut(): void {
    this.#raw[Symbol.dispose]();
  }

  /** Closes the connection, and sees that the server broke no rule. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.#reading;
    assert.deepEqual(this.witness.violations, []);
  }

  #isOver(id: number): boolean {
    const { isEnded, resetCode } = this.witness.stream(id);
    return isEnded || resetCode !== undefined;
  }

  #roomOf(id: number): number {
    return Math.min(this.witness.sendWindowBytes, this.witness.stream(id).sendWindowBytes);
  }

  async #readAll(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      // A reset ends the connection just as well.
      const count = await this.#raw.connection.read(buffer).catch(() => null);
      if (count === null) break;
      this.witness.noteReceived(buffer.slice(0, count));
      this.#notify();
    }
    this.#isClosed = true;
    this.#notify();
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
