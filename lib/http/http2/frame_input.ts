/**
 * What one client sends, cut into frames (RFC 9113 §4.1). One frame is looked at at a time, where it
 * lies: nothing is made for it. An idle connection holds a small buffer; while frames stream in, a
 * large one of the pool. Says nothing about what frames mean, but that they are not too large. Does not
 * close the connection. Does I/O. Input comes from strangers.
 *
 * States: preface -> frames -> dropping (nothing is looked at any more) -> ended (terminal).
 *
 * @module
 */
import { HTTP2_FRAME_WORK_BYTES, HTTP2_STEP_BYTES } from "../../base/http2_limits.ts";
import { CLIENT_BUFFER_BYTES } from "../../base/limits.ts";
import { Turns } from "../../base/turns.ts";
import type { Connection } from "../connection.ts";
import type { BufferPool } from "../http1/buffer_pool.ts";
import { ERROR_CODE, Http2Error } from "./error_codes.ts";
import {
  FLAG,
  FRAME,
  FRAME_HEAD_BYTES,
  FRAME_PAYLOAD_MAX_BYTES,
  type FrameHead,
  PREFACE,
  readUint31,
} from "./frames.ts";

/** A frame, or one of several pieces of a DATA frame. Valid while it is being looked at. */
export interface Frame extends FrameHead {
  /** The payload lies here, from `start` to `end`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Takes frames. */
export interface FrameSink {
  /** Takes a frame. @throws {Http2Error} If the connection cannot go on. */
  takeFrame(frame: Frame): void;
  /**
   * Called when every whole frame of a read has been taken.
   *
   * @returns Something to wait for before more is read.
   */
  endBatch(): Promise<void> | undefined;
  /** Whether bodies are being received. */
  readonly isReceiving: boolean;
}

/** After so many in a row a body that still comes no longer needs a large buffer. */
const SMALL_READS = 4;

/** Bytes of a frame's head up to its type. */
const TYPE_AT = 3;

/** Reads frames from one connection. */
export class FrameInput {
  readonly #connection: Connection;
  readonly #buffers: BufferPool;
  readonly #sink: FrameSink;
  readonly #small = new Uint8Array(CLIENT_BUFFER_BYTES);
  #buffer: Uint8Array<ArrayBuffer> = this.#small;
  #start = 0;
  #end = 0;
  #isGreeted = false;
  /** What is still to come of a DATA frame whose first bytes were handed on; `#frame` has its head. */
  #dataLeftBytes = 0;
  #dataFlags = 0;
  /** In a row. */
  #smallReads = 0;
  readonly #turns = new Turns();
  /** What has been done since they were last told. */
  #workBytes = 0;
  /** Bytes that may still be dropped; undefined = they are looked at. */
  #dropLeftBytes: number | undefined;
  readonly #frame: { -readonly [Key in keyof Frame]: Frame[Key] } = {
    type: 0,
    flags: 0,
    stream: 0,
    bytes: this.#small,
    start: 0,
    end: 0,
  };

  constructor(connection: Connection, buffers: BufferPool, sink: FrameSink) {
    this.#connection = connection;
    this.#buffers = buffers;
    this.#sink = sink;
  }

  /** Whether a part of a frame has come that is not a body's: it has to be whole soon. */
  get isWithinFrame(): boolean {
    const bytes = this.#end - this.#start;
    if (bytes === 0) return false;
    return bytes <= TYPE_AT || this.#buffer[this.#start + TYPE_AT] !== FRAME.data;
  }

  /** Looks at nothing any more. @param maxBytes After so many the reading ends. */
  drop(maxBytes: number): void {
    this.#start = this.#end = 0;
    this.#dropLeftBytes = maxBytes;
  }

  /**
   * Reads until the client has ended its side, or is gone, or too much has been dropped.
   *
   * @throws {Http2Error} Of the sink, or if a frame is too large. May be called again after
   * {@linkcode FrameInput.drop}.
   */
  async run(): Promise<void> {
    for (;;) {
      let count: number | null;
      try {
        count = await this.#connection.read(this.#room);
      } catch {
        // Reset, or closed here: there is nobody left who could be told why.
        count = null;
      }
      if (count === null) break;
      this.#end += count;
      if (this.#dropLeftBytes !== undefined) {
        this.drop(this.#dropLeftBytes - count);
        if (this.#dropLeftBytes <= 0) break;
      } else {
        this.#takeFrames();
        const waiting = this.#sink.endBatch();
        if (waiting !== undefined) await waiting;
      }
      const turn = this.#countWork(count);
      if (turn !== undefined) await turn;
      this.#fitBuffer(count);
    }
    this.#useSmall();
  }

  /** A step of {@linkcode Turns} has a price of its own; small reads are counted together. */
  #countWork(bytes: number): Promise<void> | undefined {
    this.#workBytes += bytes;
    if (this.#workBytes < HTTP2_STEP_BYTES) return undefined;
    const turn = this.#turns.take(this.#workBytes);
    this.#workBytes = 0;
    return turn;
  }

  get #room(): Uint8Array {
    return this.#end === 0 ? this.#buffer : this.#buffer.subarray(this.#end);
  }

  #takeFrames(): void {
    if (!this.#isGreeted && !this.#takePreface()) return;
    this.#frame.bytes = this.#buffer;
    while (this.#dataLeftBytes > 0 ? this.#takeDataPiece() : this.#takeFrame()) {
      this.#workBytes += HTTP2_FRAME_WORK_BYTES;
      // The frame may have been the last that is looked at.
      if (this.#dropLeftBytes !== undefined) return;
    }
  }

  /** @returns false if there is none. */
  #takeFrame(): boolean {
    const at = this.#start;
    if (this.#end - at < FRAME_HEAD_BYTES) return false;
    const bytes = this.#buffer;
    const length = bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
    if (length > FRAME_PAYLOAD_MAX_BYTES) {
      throw new Http2Error(ERROR_CODE.frameSizeError, "a frame is over MAX_FRAME_SIZE");
    }
    const frame = this.#frame;
    frame.type = bytes[at + TYPE_AT];
    frame.flags = bytes[at + 4];
    frame.stream = readUint31(bytes, at + 5);
    frame.start = at + FRAME_HEAD_BYTES;
    frame.end = frame.start + length;
    if (frame.end > this.#end) return this.#beginData(length);
    this.#start = frame.end;
    this.#sink.takeFrame(frame);
    return true;
  }

  /** The bytes of a body are handed on as they come. @returns false if the frame has to be whole. */
  #beginData(length: number): boolean {
    const { type, flags, start } = this.#frame;
    if (type !== FRAME.data || (flags & FLAG.padded) !== 0) return false;
    this.#dataLeftBytes = length;
    this.#dataFlags = flags;
    this.#start = start;
    return true;
  }

  /** Makes a frame of its own of what has come of one. @returns false if nothing has. */
  #takeDataPiece(): boolean {
    const frame = this.#frame;
    const bytes = Math.min(this.#end - this.#start, this.#dataLeftBytes);
    if (bytes === 0) return false;
    this.#dataLeftBytes -= bytes;
    frame.flags = this.#dataLeftBytes === 0 ? this.#dataFlags : this.#dataFlags & ~FLAG.endStream;
    frame.start = this.#start;
    frame.end = this.#start += bytes;
    this.#sink.takeFrame(frame);
    return true;
  }

  /** RFC 9113 §3.4. @returns Whether it is there. */
  #takePreface(): boolean {
    const length = Math.min(this.#end, PREFACE.length);
    for (let at = 0; at < length; at++) {
      if (this.#buffer[at] !== PREFACE[at]) {
        throw new Http2Error(ERROR_CODE.protocolError, "no HTTP/2 preface");
      }
    }
    this.#isGreeted = length === PREFACE.length;
    if (this.#isGreeted) this.#start = length;
    return this.#isGreeted;
  }

  /** Makes room for the rest of a frame, or for more frames. @param count Bytes of the last read. */
  #fitBuffer(count: number): void {
    const kept = this.#end - this.#start;
    if (kept === 0) {
      this.#start = this.#end = 0;
      this.#smallReads = count < CLIENT_BUFFER_BYTES ? this.#smallReads + 1 : 0;
      if (!this.#sink.isReceiving || this.#smallReads >= SMALL_READS) this.#useSmall();
      else if (this.#smallReads === 0) this.#useLarge();
    } else if (!this.#isGreeted) {
      // A preface fits any buffer.
    } else if (kept < FRAME_HEAD_BYTES || this.#start + this.#frameBytes > this.#buffer.length) {
      // The largest frame fits a large buffer, and a head of one any buffer.
      this.#moveTogether();
    }
  }

  /** Of the frame that has come in part. */
  get #frameBytes(): number {
    const [high, middle, low] = this.#buffer.subarray(this.#start, this.#start + 3);
    return FRAME_HEAD_BYTES + (high << 16 | middle << 8 | low);
  }

  #moveTogether(): void {
    const before = this.#buffer;
    const { length } = before;
    const needsLarge = this.#end - this.#start >= FRAME_HEAD_BYTES && this.#frameBytes > length;
    const kept = before.subarray(this.#start, this.#end);
    if (needsLarge) this.#useLarge();
    this.#buffer.set(kept);
    this.#start = 0;
    this.#end = kept.length;
  }

  #useLarge(): void {
    if (this.#buffer === this.#small) this.#buffer = this.#buffers.take();
  }

  #useSmall(): void {
    if (this.#buffer === this.#small) return;
    this.#buffers.give(this.#buffer);
    this.#buffer = this.#small;
  }
}
