/**
 * Sends the body of one answer, as the windows allow: the next piece is read only when the one before
 * has been handed to the output. A body that breaks off, or has not the length that was said, is never
 * ended as if it were whole: its stream is reset. Does I/O through what it is given.
 *
 * States: reading <-> sending (a piece, in frames) -> ended; from each of them -> cancelled (both
 * terminal).
 *
 * @module
 */
import { HTTP2_LARGE_READS_MAX, HTTP2_SMALL_READ_BYTES } from "../../base/http2_limits.ts";
import { BODY_READ_BYTES } from "../../base/limits.ts";
import type { BufferPool } from "../http1/buffer_pool.ts";
import type { Body, HeaderLine } from "../message.ts";
import type { AbuseBudget } from "./abuse_budget.ts";
import { trailerFields } from "./answer_fields.ts";
import type { AnswerQueue, DataSender } from "./answer_queue.ts";
import { ERROR_CODE } from "./error_codes.ts";
import type { FrameOutput } from "./frame_output.ts";
import { DATA_PAYLOAD_MAX_BYTES, FRAME_PAYLOAD_MAX_BYTES } from "./frames.ts";
import { FieldError } from "./hpack/field_encoder.ts";
import type { Stream } from "./stream.ts";
import type { StreamLimits } from "./stream_limits.ts";
import type { StreamTable } from "./stream_table.ts";

/** What the senders of one connection share. */
export interface AnswerSenderTools {
  readonly budget: AbuseBudget;
  readonly buffers: BufferPool;
  /** Of clients that open no window. */
  readonly limits: StreamLimits;
  readonly output: FrameOutput;
  readonly queue: AnswerQueue;
  readonly streams: StreamTable;
  /** Counts the buffers of full size in use. */
  largeReads: number;
}

/** What is sent. */
export interface AnswerContent {
  /** Bytes that are at hand, or a body to be read. */
  readonly body: Body | Uint8Array;
  /** Of the same message. */
  readonly headers: readonly HeaderLine[];
  /** Of bytes that are at hand. */
  readonly trailers?: readonly HeaderLine[];
}

const NO_PIECE = new Uint8Array(0);
const NO_TRAILERS: readonly HeaderLine[] = [];
const NOTHING: AnswerContent = { body: NO_PIECE, headers: [] };

/** What fills one write with its frames' heads: four DATA frames. */
const READ_BYTES = Math.floor(BODY_READ_BYTES / FRAME_PAYLOAD_MAX_BYTES) * DATA_PAYLOAD_MAX_BYTES;

/** A client that takes so much, or a whole piece, counts as alive. */
const PROGRESS_BYTES = BODY_READ_BYTES;

/** Sends one body. */
export class AnswerSender implements DataSender {
  readonly #stream: Stream;
  /** Let go of at the end: who has opened the stream may hold it for longer. */
  #content: AnswerContent;
  readonly #tools: AnswerSenderTools;
  readonly #length: number | undefined;
  /** What may be read into; empty = bytes were at hand. */
  #buffer: Uint8Array<ArrayBuffer> = NO_PIECE;
  /** What of the buffer is read into. */
  #room: Uint8Array = NO_PIECE;
  #isBufferLent = false;
  #piece: Uint8Array = NO_PIECE;
  #sentBytes = 0;
  #isQueued = false;
  #isReading = false;
  #isOver = false;
  /** Sent since the client was first waited for. */
  #progressBytes = 0;

  constructor(stream: Stream, content: AnswerContent, tools: AnswerSenderTools) {
    this.#stream = stream;
    this.#content = content;
    this.#tools = tools;
    this.#length = content.body.length;
  }

  /** Begins to send. */
  start(): void {
    const { body } = this.#content;
    if (!(body instanceof Uint8Array)) return this.#read();
    this.#piece = body;
    this.noteWindow();
  }

  /** Sends on if something waits for the stream's window and may now be sent. */
  noteWindow(): void {
    if (this.#isOver || this.#isQueued || this.#piece.length === 0) return;
    if (this.#stream.window.bytes <= 0) return this.noteWait();
    this.#isQueued = true;
    this.#tools.queue.add(this);
  }

  /** See {@linkcode DataSender}. */
  noteWait(): void {
    if (!this.#isOver) this.#tools.limits.begin(this.#stream.id);
  }

  /** See {@linkcode DataSender}. */
  takeTurn(bytesMax: number): void {
    this.#isQueued = false;
    const { window } = this.#stream;
    const bytes = Math.min(bytesMax, window.bytes, this.#piece.length);
    if (this.#isOver) return;
    if (bytes <= 0) return this.noteWait();
    const piece = this.#piece;
    const isPieceSent = bytes === piece.length;
    this.#piece = isPieceSent ? NO_PIECE : piece.subarray(bytes);
    this.#sentBytes += bytes;
    const isLast = isPieceSent && this.#sentBytes === this.#length && !this.#hasTrailers;
    this.#send(isPieceSent ? piece : piece.subarray(0, bytes), isLast);
    this.#noteProgress(bytes, isPieceSent);
    if (isLast) this.#end();
    else if (!isPieceSent) this.noteWindow();
    else if (this.#sentBytes === this.#length) this.#sendTrailers();
    else this.#read();
  }

  /** Gives up: the stream is over, or its client takes nothing. May be called again, and after the end. */
  cancel(): void {
    if (this.#isOver) return;
    const { body } = this.#content;
    this.#tools.queue.remove(this);
    this.#release();
    if (!(body instanceof Uint8Array)) body.cancel();
  }

  /** Bytes at hand may have trailers; a body of a known length has none (RFC 9112 §7.1.2). */
  get #hasTrailers(): boolean {
    return (this.#content.trailers?.length ?? 0) > 0;
  }

  #send(bytes: Uint8Array, isLast: boolean): void {
    const { budget, output, queue } = this.#tools;
    output.data(this.#stream.id, bytes, isLast);
    this.#stream.window.spend(bytes.length);
    queue.window.spend(bytes.length);
    budget.earnSent(bytes.length);
  }

  #noteProgress(bytes: number, isPieceSent: boolean): void {
    this.#progressBytes += bytes;
    if (!isPieceSent && this.#progressBytes < PROGRESS_BYTES) return;
    this.#progressBytes = 0;
    this.#tools.limits.end(this.#stream.id);
  }

  #read(): void {
    if (this.#buffer.length === 0) this.#takeBuffer();
    const { body } = this.#content;
    this.#isReading = true;
    (body as Body).read(this.#room).then(this.#take, this.#breakOff);
  }

  #takeBuffer(): void {
    const { buffers } = this.#tools;
    if (this.#tools.largeReads >= HTTP2_LARGE_READS_MAX) {
      this.#room = this.#buffer = new Uint8Array(HTTP2_SMALL_READ_BYTES);
      return;
    }
    this.#tools.largeReads++;
    this.#isBufferLent = true;
    this.#buffer = buffers.take();
    this.#room = this.#buffer.subarray(0, READ_BYTES);
  }

  readonly #take = (count: number): void => {
    this.#isReading = false;
    if (this.#isOver) return;
    if (count === 0) return this.#finish();
    if (this.#length !== undefined && this.#sentBytes + count > this.#length) {
      return this.#breakOff();
    }
    this.#piece = this.#buffer.subarray(0, count);
    this.noteWindow();
  };

  /** Whoever reads the body from an upstream reports why. */
  readonly #breakOff = (): void => {
    this.#isReading = false;
    if (!this.#isOver) this.#tools.streams.reset(this.#stream, ERROR_CODE.internalError);
  };

  /** The body says that it is whole. */
  #finish(): void {
    if (this.#length !== undefined && this.#sentBytes < this.#length) return this.#breakOff();
    this.#sendTrailers();
  }

  #sendTrailers(): void {
    const { body, headers, trailers } = this.#content;
    const lines = body instanceof Uint8Array ? trailers ?? NO_TRAILERS : body.trailers;
    const fields = lines.length === 0 ? NO_TRAILERS : trailerFields(lines, headers);
    try {
      if (fields.length === 0) this.#tools.output.data(this.#stream.id, NO_PIECE, true);
      else {
        this.#tools.output.fields(this.#stream.id, { status: undefined, fields, endsStream: true });
      }
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      // As over HTTP/1.1: a line that cannot be sent is left out, and here it was not seen before.
      this.#tools.output.data(this.#stream.id, NO_PIECE, true);
    }
    this.#end();
  }

  #end(): void {
    this.#release();
    this.#tools.streams.endAnswer(this.#stream);
  }

  #release(): void {
    this.#isOver = true;
    this.#content = NOTHING;
    this.#piece = NO_PIECE;
    this.#tools.limits.end(this.#stream.id);
    if (!this.#isBufferLent) return;
    this.#isBufferLent = false;
    this.#tools.largeReads--;
    // A read that was given up may still be on its way into it.
    if (!this.#isReading) this.#tools.buffers.give(this.#buffer);
  }
}
