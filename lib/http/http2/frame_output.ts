/**
 * What is sent to one client. Frames are put together in one buffer and leave in one write when
 * everything that can run has run; while a write is on its way, the next ones gather. Keeps no buffer
 * while there is nothing to send. Does not close the connection. Does I/O.
 *
 * States: open -> broken (terminal), when the client takes nothing more. Then frames go nowhere.
 *
 * @module
 */
import { HTTP2_OUTPUT_FULL_BYTES, HTTP2_STEP_BYTES } from "../../base/http2_limits.ts";
import { CLIENT_WRITE_TIMEOUT_MS } from "../../base/limits.ts";
import { Turns } from "../../base/turns.ts";
import type { Watchdog } from "../../base/watchdog.ts";
import type { Connection } from "../connection.ts";
import type { BufferPool } from "../http1/buffer_pool.ts";
import type { HeaderLine } from "../message.ts";
import type { ErrorCode } from "./error_codes.ts";
import {
  DATA_PAYLOAD_MAX_BYTES,
  FLAG,
  FRAME,
  FRAME_HEAD_BYTES,
  FRAME_PAYLOAD_MAX_BYTES,
  writeFrameHead,
  writeUint32,
} from "./frames.ts";
import { FieldEncoder } from "./hpack/field_encoder.ts";

/** What is sent with, and whom it tells. */
export interface FrameOutputOptions {
  readonly buffers: BufferPool;
  /** Ends the connection if the client takes nothing for too long. */
  readonly limit: Watchdog;
  /** Called when a write has been taken and more has room. */
  readonly onRoom: () => void;
  /** Called once, when the client takes no more. */
  readonly onBroken: () => void;
}

/** A field section to be sent. */
export interface FieldSection {
  /** undefined = trailers. */
  readonly status: number | undefined;
  /** Names in lower case. */
  readonly fields: readonly HeaderLine[];
  readonly endsStream: boolean;
}

/**
 * Microtasks that a write waits for frames of the same turn: as many as answers from memory, or from
 * an upstream whose bytes have come with those of another one, take to get here.
 */
const MICROTASKS_BEFORE_WRITE = 12;

/** With less room, DATA waits for the next write. */
const DATA_ROOM_MIN_BYTES = 1_024;

const NO_BUFFER = new Uint8Array(0);

/** Gathers frames and writes them. */
export class FrameOutput {
  readonly #connection: Connection;
  readonly #options: FrameOutputOptions;
  readonly #encoder = new FieldEncoder();
  #buffer: Uint8Array<ArrayBuffer> = NO_BUFFER;
  /** Whether the buffer is the pool's. */
  #isLent = false;
  #end = 0;
  #isWriting = false;
  #isInFlight = false;
  /** Microtasks until the write; 0 = none is planned. */
  #countdown = 0;
  #isBroken = false;
  readonly #turns = new Turns();
  /** Written since the turns were last told. */
  #workBytes = 0;
  #onRoom: (() => void)[] = [];

  constructor(connection: Connection, options: FrameOutputOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Bytes that have gathered and are not on their way yet. */
  get gatheredBytes(): number {
    return this.#end;
  }

  /** Whether everything has been taken, or nothing ever will be. */
  get isIdle(): boolean {
    return this.#isBroken || (this.#end === 0 && !this.#isInFlight);
  }

  /** How many bytes one DATA frame may have now; 0 = it has to wait. */
  get dataRoomBytes(): number {
    const room = HTTP2_OUTPUT_FULL_BYTES - this.#end - FRAME_HEAD_BYTES;
    return room < DATA_ROOM_MIN_BYTES ? 0 : Math.min(room, DATA_PAYLOAD_MAX_BYTES);
  }

  /** Resolves when {@linkcode isIdle} holds, or at the next write that is taken. */
  untilTaken(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  /** What our encoder may keep, see {@linkcode FieldEncoder.setTableBytesMax}. */
  setTableBytesMax(bytes: number): void {
    this.#encoder.setTableBytesMax(bytes);
  }

  /** Sends frames that are encoded already. */
  frames(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#buffer.set(bytes, at);
    this.#commit(at + bytes.length);
  }

  /** Acknowledges SETTINGS (RFC 9113 §6.5.3). */
  settingsAck(): void {
    this.#commit(this.#head({ length: 0, type: FRAME.settings, flags: FLAG.ack, stream: 0 }));
  }

  /** Answers a PING (RFC 9113 §6.7). @param at Where its eight bytes lie. */
  pingAck(bytes: Uint8Array, at: number): void {
    const start = this.#head({ length: 8, type: FRAME.ping, flags: FLAG.ack, stream: 0 });
    for (let index = 0; index < 8; index++) this.#buffer[start + index] = bytes[at + index];
    this.#commit(start + 8);
  }

  /** Lets the client send more (RFC 9113 §6.9). @param stream 0 for the connection. */
  windowUpdate(stream: number, bytes: number): void {
    this.#word({ type: FRAME.windowUpdate, flags: 0, stream }, bytes);
  }

  /** Ends a stream at once (RFC 9113 §6.4). */
  reset(stream: number, code: ErrorCode): void {
    this.#word({ type: FRAME.reset, flags: 0, stream }, code);
  }

  /** Says that no further stream is served (RFC 9113 §6.8). @param lastStream The last one that is. */
  goaway(lastStream: number, code: ErrorCode): void {
    const at = this.#head({ length: 8, type: FRAME.goaway, flags: 0, stream: 0 });
    writeUint32(this.#buffer, at, lastStream);
    writeUint32(this.#buffer, at + 4, code);
    this.#commit(at + 8);
  }

  /**
   * Sends a field section, in as many frames as it needs (RFC 9113 §4.3).
   *
   * @throws {FieldError} If a field cannot be sent; then nothing has been.
   */
  fields(stream: number, { status, fields, endsStream }: FieldSection): void {
    const encoder = this.#encoder;
    const start = this.#reserve(FRAME_HEAD_BYTES + encoder.boundOf(fields));
    const blockStart = start + FRAME_HEAD_BYTES;
    const end = encoder.encode(status, fields, this.#buffer, blockStart);
    const length = end - blockStart;
    const endFlag = endsStream ? FLAG.endStream : 0;
    if (length > FRAME_PAYLOAD_MAX_BYTES) {
      return this.#splitBlock(this.#buffer.slice(blockStart, end), { stream, endFlag });
    }
    const flags = FLAG.endHeaders | endFlag;
    writeFrameHead(this.#buffer, start, { length, type: FRAME.headers, flags, stream });
    this.#commit(end);
  }

  /** Sends a piece of a body (RFC 9113 §6.1). @param bytes As many as {@linkcode dataRoomBytes} at most. */
  data(stream: number, bytes: Uint8Array, endsStream: boolean): void {
    const { length } = bytes;
    const flags = endsStream ? FLAG.endStream : 0;
    this.#reserve(FRAME_HEAD_BYTES + length);
    const at = this.#head({ length, type: FRAME.data, flags, stream });
    this.#buffer.set(bytes, at);
    this.#commit(at + length);
  }

  #splitBlock(
    block: Uint8Array,
    { stream, endFlag }: { readonly stream: number; readonly endFlag: number },
  ): void {
    for (let at = 0; at < block.length; at += FRAME_PAYLOAD_MAX_BYTES) {
      const piece = block.subarray(at, at + FRAME_PAYLOAD_MAX_BYTES);
      const isLast = at + piece.length === block.length;
      const flags = (at === 0 ? endFlag : 0) | (isLast ? FLAG.endHeaders : 0);
      const type = at === 0 ? FRAME.headers : FRAME.continuation;
      this.#reserve(FRAME_HEAD_BYTES + piece.length);
      const start = this.#head({ length: piece.length, type, flags, stream });
      this.#buffer.set(piece, start);
      this.#commit(start + piece.length);
    }
  }

  #word(head: { type: number; flags: number; stream: number }, value: number): void {
    const at = this.#head({ length: 4, type: head.type, flags: head.flags, stream: head.stream });
    writeUint32(this.#buffer, at, value);
    this.#commit(at + 4);
  }

  /** Writes a head where there is room for a small frame behind it. @returns Where the payload goes. */
  #head(head: Parameters<typeof writeFrameHead>[2]): number {
    const at = this.#reserve(FRAME_HEAD_BYTES + 8);
    writeFrameHead(this.#buffer, at, head);
    return at + FRAME_HEAD_BYTES;
  }

  /** Makes room for `bytes` more. @returns Where they go. */
  #reserve(bytes: number): number {
    if (this.#end + bytes > this.#buffer.length) this.#grow(this.#end + bytes);
    return this.#end;
  }

  #grow(leastBytes: number): void {
    const before = this.#buffer;
    const wasLent = this.#isLent;
    if (before === NO_BUFFER) {
      this.#buffer = this.#options.buffers.take();
      this.#isLent = true;
    }
    if (this.#buffer.length >= leastBytes) return;
    const larger = new Uint8Array(Math.max(leastBytes, 2 * this.#buffer.length));
    larger.set(before.subarray(0, this.#end));
    if (wasLent || before === NO_BUFFER) this.#options.buffers.give(this.#buffer);
    this.#buffer = larger;
    this.#isLent = false;
  }

  #commit(end: number): void {
    if (this.#isBroken) return this.#discard();
    this.#end = end;
    if (!this.#isWriting && this.#countdown === 0) this.#plan();
  }

  /** What has gathered goes nowhere. */
  #discard(): void {
    if (this.#isLent) this.#options.buffers.give(this.#buffer);
    this.#isLent = false;
    this.#buffer = NO_BUFFER;
    this.#end = 0;
  }

  /** Writes a little later: whoever runs until then has frames for the same write. */
  #plan(): void {
    this.#countdown = MICROTASKS_BEFORE_WRITE;
    queueMicrotask(this.#tick);
  }

  readonly #tick = (): void => {
    if (--this.#countdown > 0) return queueMicrotask(this.#tick);
    if (this.#end > 0) void this.#write();
  };

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#end > 0 && !this.#isBroken) {
        this.#workBytes += this.#end;
        const turn = this.#workBytes < HTTP2_STEP_BYTES
          ? undefined
          : this.#turns.take(this.#workBytes);
        if (this.#workBytes >= HTTP2_STEP_BYTES) this.#workBytes = 0;
        await this.#writeGathered();
        if (turn !== undefined) await turn;
        this.#options.onRoom();
        this.#tellRoom();
      }
    } catch {
      // The client has gone, or was given up.
      this.break();
    }
    this.#isWriting = false;
  }

  async #writeGathered(): Promise<void> {
    const { buffers, limit } = this.#options;
    const buffer = this.#buffer;
    const end = this.#end;
    const isLent = this.#isLent;
    this.#buffer = NO_BUFFER;
    this.#isLent = false;
    this.#end = 0;
    this.#isInFlight = true;
    for (let at = 0; at < end && !this.#isBroken;) {
      limit.set(CLIENT_WRITE_TIMEOUT_MS);
      at += await this.#connection.write(buffer.subarray(at, end));
    }
    limit.lift();
    this.#isInFlight = false;
    if (isLent) buffers.give(buffer);
  }

  /** Gives up: nothing is sent any more. May be called again. */
  break(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#discard();
    this.#tellRoom();
    this.#options.onBroken();
  }

  #tellRoom(): void {
    if (this.#onRoom.length === 0) return;
    for (const resolve of this.#onRoom.splice(0)) resolve();
  }
}
