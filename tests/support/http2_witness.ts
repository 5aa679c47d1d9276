/**
 * What passes on one HTTP/2 connection, as a strict client sees it (RFC 9113): every frame of the server
 * is held against the rules, the windows and what the client has sent; streams are put together from
 * their frames. Pure.
 *
 * @module
 */
import { FieldDecoder } from "../../lib/http/http2/hpack/field_decoder.ts";
import { decodeLatin1 } from "../../lib/http/http1/latin1.ts";
import type { HeaderLine } from "../../lib/http/message.ts";
import {
  concat,
  FLAG,
  FRAME,
  type Frame,
  FRAME_MAX_BYTES,
  PREFACE,
  readUint32,
  SETTING,
  takeFrames,
  WINDOW_MAX_BYTES,
} from "./http2_frames.ts";

/** A field section with a status. */
export interface SeenHead {
  readonly status: number;
  /** Without the status. */
  readonly headers: readonly HeaderLine[];
}

/** One stream, as far as it has come. */
export interface SeenStream {
  readonly interim: SeenHead[];
  head: SeenHead | undefined;
  /** Latin1. */
  body: string;
  bodyBytes: number;
  trailers: readonly HeaderLine[] | undefined;
  /** Whether END_STREAM has come. */
  isEnded: boolean;
  /** The code of a RST_STREAM of the server. */
  resetCode: number | undefined;
  /** Bytes the server may still send; of the stream alone. */
  windowBytes: number;
  /** Bytes the client may still send. */
  sendWindowBytes: number;
  /** Whether it is the head of an answer to HEAD. */
  isHead: boolean;
}

/** Fields that have no place in HTTP/2 (RFC 9113 §8.2.2). */
const FORBIDDEN = /^(?:connection|keep-alive|proxy-connection|transfer-encoding|upgrade|te)$/;

/** Sees one connection. */
export class Http2Witness {
  /** What the server has done against the rules. */
  readonly violations: string[] = [];
  readonly streams = new Map<number, SeenStream>();
  /** Frames of the server, by type. */
  readonly frames: number[] = Array.from({ length: 256 }, () => 0);
  /** The server's. */
  readonly settings = new Map<number, number>();
  settingsAcks = 0;
  /** What its answers to PING held. */
  readonly pongs: string[] = [];
  goaway: { readonly lastStream: number; readonly code: number } | undefined;
  receivedBytes = 0;
  /** Of the connection: bytes the server may still send. */
  windowBytes = 65_535;
  /** Of the connection: bytes the client may still send. */
  sendWindowBytes = 65_535;
  /** Keeps bodies as text; off for long ones. */
  keepsBodies = true;
  readonly #decoder = new FieldDecoder({
    tableBytesMax: 4_096,
    listBytesMax: 1_048_576,
    fieldsMax: 1_000,
  });
  /** As it may be used: by what the server has acknowledged, or more if more is on its way. */
  #initialWindowBytes = 65_535;
  #acknowledgedWindowBytes = 65_535;
  /** Of SETTINGS that are not acknowledged; undefined where one changes nothing. */
  readonly #pendingWindows: (number | undefined)[] = [];
  #sent: Uint8Array = new Uint8Array();
  #received: Uint8Array = new Uint8Array();
  /** Bytes of the preface still to come. */
  #prefaceBytes = PREFACE.length;
  #highest = 0;
  /** A field section that is not complete. */
  #open: { readonly stream: number; readonly isLast: boolean; block: Uint8Array } | undefined;

  /** Notes what the client sends, before it does. */
  noteSent(bytes: Uint8Array): void {
    const skipped = Math.min(this.#prefaceBytes, bytes.length);
    this.#prefaceBytes -= skipped;
    const all = concat([this.#sent, bytes.subarray(skipped)]);
    this.#sent = all.subarray(takeFrames(all, (frame) => this.#noteOwn(frame)));
  }

  /** Notes what the server has sent. */
  noteReceived(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    const all = concat([this.#received, bytes]);
    this.#received = all.subarray(takeFrames(all, (frame) => this.#note(frame)));
  }

  /** Returns a stream that the client has opened. @throws {Error} If it has not. */
  stream(id: number): SeenStream {
    const stream = this.streams.get(id);
    if (stream === undefined) throw new Error(`stream ${id} was never opened`);
    return stream;
  }

  /** Says shortly what became of everything, for a message. */
  describe(): string {
    const streams = [...this.streams].slice(0, 10).map(([id, stream]) =>
      `${id}: ${stream.head?.status} ${stream.bodyBytes} B ${stream.isEnded ? "ended" : "open"} ` +
      `reset ${stream.resetCode}`
    );
    return JSON.stringify({ goaway: this.goaway, frames: this.frames.slice(0, 10), streams });
  }

  #noteOwn({ type, flags, stream: id, payload }: Frame): void {
    const stream = this.streams.get(id);
    if (type === FRAME.headers) this.#openStream(id, isHead(payload));
    if (type === FRAME.settings && id === 0 && (flags & FLAG.ack) === 0) {
      this.#noteOwnSettings(payload);
    }
    if (type === FRAME.windowUpdate && payload.length === 4) {
      const bytes = readUint32(payload) & WINDOW_MAX_BYTES;
      if (id === 0) this.windowBytes += bytes;
      else if (stream !== undefined) stream.windowBytes += bytes;
    }
    if (type === FRAME.data && stream !== undefined) {
      this.sendWindowBytes -= payload.length;
      stream.sendWindowBytes -= payload.length;
    }
  }

  #openStream(id: number, isHead: boolean): void {
    if (id <= this.#highest || id % 2 === 0) return;
    this.#highest = id;
    this.streams.set(id, {
      interim: [],
      head: undefined,
      body: "",
      bodyBytes: 0,
      trailers: undefined,
      isEnded: false,
      resetCode: undefined,
      windowBytes: this.#initialWindowBytes,
      sendWindowBytes: this.settings.get(SETTING.initialWindowSize) ?? 65_535,
      isHead,
    });
  }

  #noteOwnSettings(payload: Uint8Array): void {
    let bytes: number | undefined;
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload[at + 1] === SETTING.initialWindowSize) bytes = readUint32(payload, at + 2);
    }
    this.#pendingWindows.push(bytes);
    if (bytes !== undefined) this.#changeWindows();
  }

  /** More may be used at once, less only from the acknowledgement on. */
  #changeWindows(): void {
    const pending = this.#pendingWindows.map((bytes) => bytes ?? 0);
    const bytes = Math.max(this.#acknowledgedWindowBytes, ...pending);
    const change = bytes - this.#initialWindowBytes;
    this.#initialWindowBytes = bytes;
    for (const stream of this.streams.values()) stream.windowBytes += change;
  }

  #note(frame: Frame): void {
    const { type, stream, payload } = frame;
    const isFirst = this.frames.every((count) => count === 0);
    this.frames[type]++;
    this.#expect(!isFirst || type === FRAME.settings, "SETTINGS come first");
    this.#expect(payload.length <= FRAME_MAX_BYTES, `a frame of ${payload.length} bytes`);
    this.#expect(
      this.#open === undefined || type === FRAME.continuation,
      "a section is interrupted",
    );
    const ofConnection = type === FRAME.settings || type === FRAME.ping || type === FRAME.goaway;
    this.#expect(!ofConnection || stream === 0, `type ${type} on stream ${stream}`);
    // Passed over means closed (§5.1.1).
    const isIdle = stream > this.#highest || (stream !== 0 && stream % 2 === 0);
    this.#expect(!isIdle, `stream ${stream} is idle`);
    switch (type) {
      case FRAME.data:
        return this.#noteData(frame);
      case FRAME.headers:
        return this.#noteHeaders(frame);
      case FRAME.continuation:
        return this.#noteContinuation(frame);
      case FRAME.reset:
        return this.#noteReset(frame);
      case FRAME.settings:
        return this.#noteSettings(frame);
      case FRAME.ping:
        this.#expect(payload.length === 8 && (frame.flags & FLAG.ack) !== 0, "a PING of its own");
        return void this.pongs.push(payload.toHex());
      case FRAME.goaway:
        return this.#noteGoaway(frame);
      case FRAME.windowUpdate:
        return this.#noteWindowUpdate(frame);
      default:
        this.#expect(false, `a frame of type ${type}`);
    }
  }

  #noteData({ flags, stream: id, payload }: Frame): void {
    const stream = this.#writable(id);
    if (stream === undefined) return;
    this.#expect(stream.head !== undefined, `DATA before HEADERS on ${id}`);
    this.#expect((flags & FLAG.padded) === 0, "padding");
    this.windowBytes -= payload.length;
    stream.windowBytes -= payload.length;
    if (payload.length > 0) {
      this.#expect(this.windowBytes >= 0, "the connection's window is exceeded");
      this.#expect(stream.windowBytes >= 0, `the window of ${id} is exceeded`);
    }
    stream.bodyBytes += payload.length;
    if (this.keepsBodies) stream.body += decodeLatin1(payload);
    if ((flags & FLAG.endStream) !== 0) this.#end(id, stream);
  }

  #noteHeaders({ flags, stream, payload }: Frame): void {
    this.#expect((flags & (FLAG.padded | FLAG.priority)) === 0, "HEADERS with padding or priority");
    this.#open = { stream, isLast: (flags & FLAG.endStream) !== 0, block: payload.slice() };
    if ((flags & FLAG.endHeaders) !== 0) this.#noteSection();
  }

  #noteContinuation({ flags, stream, payload }: Frame): void {
    if (this.#open?.stream !== stream) return this.#expect(false, "CONTINUATION of nothing");
    this.#open.block = concat([this.#open.block, payload]);
    if ((flags & FLAG.endHeaders) !== 0) this.#noteSection();
  }

  #noteSection(): void {
    const { stream: id, isLast, block } = this.#open!;
    this.#open = undefined;
    const fields = this.#decoder.decode(block) ?? [];
    const stream = this.#writable(id);
    if (stream === undefined) return;
    const status = fields[0]?.[0] === ":status" ? Number(fields[0][1]) : undefined;
    const headers = status === undefined ? fields : fields.slice(1);
    for (const [name, value] of headers) {
      const isRight = /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && !FORBIDDEN.test(name) &&
        !/[\0\r\n]|^[ \t]|[ \t]$/.test(value);
      this.#expect(isRight, `${JSON.stringify([name, value])} on ${id}`);
    }
    if (stream.head !== undefined) {
      this.#expect(status === undefined && isLast, `trailers of ${id}`);
      stream.trailers = headers;
    } else if (status === undefined) this.#expect(false, `no status on ${id}`);
    else if (status < 200) {
      this.#expect(status !== 101 && !isLast, `interim ${status} on ${id}`);
      stream.interim.push({ status, headers });
    } else stream.head = { status, headers };
    if (isLast) this.#end(id, stream);
  }

  #noteReset({ stream: id, payload }: Frame): void {
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    this.#expect(stream.resetCode === undefined, `${id} is reset twice`);
    this.#expect(payload.length === 4, "RST_STREAM has no code");
    stream.resetCode = readUint32(payload);
  }

  #noteSettings({ flags, payload }: Frame): void {
    if ((flags & FLAG.ack) === 0) {
      for (let at = 0; at + 6 <= payload.length; at += 6) {
        this.settings.set(payload[at + 1], readUint32(payload, at + 2));
      }
      const bytes = this.settings.get(SETTING.initialWindowSize) ?? 65_535;
      for (const stream of this.streams.values()) stream.sendWindowBytes += bytes - 65_535;
      return;
    }
    this.settingsAcks++;
    this.#expect(this.#pendingWindows.length > 0, "SETTINGS acknowledged that were not sent");
    const bytes = this.#pendingWindows.shift();
    if (bytes === undefined) return;
    this.#acknowledgedWindowBytes = bytes;
    this.#changeWindows();
  }

  #noteGoaway({ payload }: Frame): void {
    const lastStream = readUint32(payload);
    this.#expect(lastStream <= (this.goaway?.lastStream ?? WINDOW_MAX_BYTES), "GOAWAY goes up");
    this.goaway = { lastStream, code: readUint32(payload, 4) };
  }

  #noteWindowUpdate({ stream: id, payload }: Frame): void {
    const bytes = readUint32(payload);
    this.#expect(bytes > 0 && bytes <= WINDOW_MAX_BYTES, `WINDOW_UPDATE by ${bytes}`);
    if (id === 0) this.sendWindowBytes += bytes;
    else if (this.streams.has(id)) this.stream(id).sendWindowBytes += bytes;
  }

  /** A stream on which the server may send a message. */
  #writable(id: number): SeenStream | undefined {
    const stream = this.streams.get(id);
    if (stream === undefined) return undefined;
    const isOver = stream.isEnded || stream.resetCode !== undefined;
    this.#expect(!isOver, `a message on ${id}, which is over`);
    return isOver ? undefined : stream;
  }

  #end(id: number, stream: SeenStream): void {
    stream.isEnded = true;
    const lengths = stream.head?.headers.filter(([name]) => name === "content-length") ?? [];
    this.#expect(lengths.length <= 1, `${lengths.length} lengths on ${id}`);
    const isBodiless = stream.isHead || stream.head?.status === 204 || stream.head?.status === 304;
    if (isBodiless) this.#expect(stream.bodyBytes === 0, `a body on ${id}`);
    else if (lengths.length > 0) {
      this.#expect(Number(lengths[0][1]) === stream.bodyBytes, `the length on ${id} is wrong`);
    }
  }

  #expect(holds: boolean, rule: string): void {
    if (!holds) this.violations.push(rule);
  }
}

/** Says whether a field section asks by HEAD, as tests encode it. */
function isHead(block: Uint8Array): boolean {
  return decodeLatin1(block.subarray(0, 100)).includes(":method\x04HEAD");
}
