/**
 * An HTTP/2 client that says what it likes: fields that no library would send, lengths that are wrong
 * (RFC 9113). It understands of an answer its status, its body and how it ended. Whoever opens one
 * disposes of it. Does I/O.
 *
 * @module
 */
import type { TcpAddress } from "../../lib/base/addresses.ts";
import { withDeadline } from "./deadline.ts";
import {
  concat,
  decodeStatus,
  encodeData,
  encodeHead,
  encodeRawFrame,
  encodeSettings,
  FLAG,
  FRAME,
  type Frame,
  PREFACE,
  type RawField,
  readUint32,
  SETTING,
  takeFrames,
} from "./http2_frames.ts";
import { openTls, type RawClient } from "./raw_client.ts";

/** Milliseconds for an answer. */
const TIMEOUT_MS = 20_000;

/** What became of a request. */
export type Http2Outcome =
  | { readonly kind: "answer"; readonly status: number; readonly body: string }
  /** RST_STREAM, or GOAWAY for the whole connection (RFC 9113 §7). */
  | { readonly kind: "reset" | "goaway"; readonly code: number; readonly status?: number }
  | { readonly kind: "closed" };

/** Opens a connection and greets. @throws {Error} If the other side does not agree on HTTP/2. */
export async function openRawHttp2(
  to: TcpAddress,
  options: { readonly serverName: string; readonly caPem: string },
): Promise<RawHttp2> {
  const client = await openTls(to, { ...options, alpn: ["h2"] });
  await client.write(PREFACE);
  // Without a table, each field section can be read on its own.
  await client.write(encodeSettings([[SETTING.headerTableSize, 0]]));
  return new RawHttp2(client);
}

/** An open connection. Requests are made one after the other. */
export class RawHttp2 implements Disposable {
  readonly client: RawClient;
  /** The start of a frame. */
  #kept: Uint8Array = new Uint8Array();
  /** Read, and not yet looked at. */
  readonly #frames: Frame[] = [];
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
    await this.client.write(encodeHead(stream, fields, body === undefined));
    if (body !== undefined) {
      // A stream that has been reset meanwhile may take the connection with it.
      await this.client.write(encodeData(stream, body, FLAG.endStream)).catch(() => {});
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
      if (type === FRAME.goaway && readUint32(payload, 4) !== 0) {
        return { kind: "goaway", code: readUint32(payload, 4), status };
      }
      if (stream === 0) await this.#acknowledge(frame);
      if (stream !== wanted) continue;
      if (type === FRAME.reset) return { kind: "reset", code: readUint32(payload), status };
      if (type === FRAME.headers) status = decodeStatus(payload) ?? status;
      if (type === FRAME.data) body += new TextDecoder("latin1").decode(payload);
      const isEnd = (type === FRAME.headers || type === FRAME.data) &&
        (flags & FLAG.endStream) !== 0;
      if (isEnd) return { kind: "answer", status: status ?? 0, body };
    }
  }

  async #acknowledge({ type, flags, payload }: Frame): Promise<void> {
    if ((type !== FRAME.settings && type !== FRAME.ping) || (flags & FLAG.ack) !== 0) return;
    const echoed = type === FRAME.ping ? payload : [];
    await this.client.write(encodeRawFrame({ type, flags: FLAG.ack, stream: 0 }, echoed));
  }

  async #readFrame(): Promise<Frame | undefined> {
    let frame = this.#frames.shift();
    for (const buffer = new Uint8Array(65_536); frame === undefined; frame = this.#frames.shift()) {
      // A reset ends the connection just as well.
      const count = await this.client.connection.read(buffer).catch(() => null);
      if (count === null) return undefined;
      const bytes = concat([this.#kept, buffer.subarray(0, count)]);
      this.#kept = bytes.subarray(takeFrames(bytes, (each) => this.#frames.push(each)));
    }
    return frame;
  }
}
