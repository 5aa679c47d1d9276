/**
 * The streams of one connection that have a place, from their opening to their end, and what is known
 * of the others. Does no I/O but through the output. Input comes from strangers.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { Failure } from "../../base/failures.ts";
import { HTTP2_EARLY_RESET_MS, HTTP2_STREAMS_MAX } from "../../base/http2_limits.ts";
import { ClosedStreams, type StreamEnd } from "./closed_streams.ts";
import { ERROR_CODE, type ErrorCode } from "./error_codes.ts";
import type { FrameOutput } from "./frame_output.ts";
import { Stream } from "./stream.ts";
import { StreamLimits } from "./stream_limits.ts";

/** What a table works with, and whom it tells. */
export interface StreamTableOptions {
  readonly clock: Clock;
  /** Called once for each stream, when it has given up its place. */
  readonly onOver: (stream: Stream) => void;
}

/** Holds streams. Whoever makes one calls {@linkcode StreamTable.cutAll} at the end. */
export class StreamTable {
  readonly #output: FrameOutput;
  readonly #onOver: (stream: Stream) => void;
  readonly #streams = new Map<number, Stream>();
  readonly #closed = new ClosedStreams();
  #highest = 0;
  #receiving = 0;
  /** Answered before their requests were whole, and without a place. */
  readonly #early = new Map<number, Stream>();
  readonly #earlyLimits: StreamLimits;

  constructor(output: FrameOutput, { clock, onOver }: StreamTableOptions) {
    this.#output = output;
    this.#onOver = onOver;
    this.#earlyLimits = new StreamLimits(clock, {
      limitMs: HTTP2_EARLY_RESET_MS,
      onExpired: (id) => this.#resetEarly(id),
    });
  }

  /** How many have a place. */
  get size(): number {
    return this.#streams.size;
  }

  /** Whether no further one may be opened. */
  get isFull(): boolean {
    return this.#streams.size >= HTTP2_STREAMS_MAX;
  }

  /** The highest number that a client has used. */
  get highest(): number {
    return this.#highest;
  }

  /** Whether requests are being received. */
  get isReceiving(): boolean {
    return this.#receiving > 0;
  }

  /** Goes through those that have a place, closed or not. */
  [Symbol.iterator](): IterableIterator<Stream> {
    return this.#streams.values();
  }

  /** Returns a stream that is not closed. */
  find(id: number): Stream | undefined {
    const stream = this.#streams.get(id) ?? this.#early.get(id);
    return stream === undefined || stream.isClosed ? undefined : stream;
  }

  /** Says how a stream ended that is not to be found; undefined = it is idle (RFC 9113 §5.1). */
  endOf(id: number): StreamEnd | undefined {
    // Streams of even numbers are the server's, which opens none.
    return id > this.#highest || id % 2 === 0 ? undefined : this.#closed.endOf(id);
  }

  /** Notes the number of a stream that the client opens: lower ones are no longer idle (§5.1.1). */
  use(id: number): void {
    this.#highest = id;
  }

  /** Gives a stream its place. */
  open(id: number, options: ConstructorParameters<typeof Stream>[1]): Stream {
    const stream = new Stream(id, options);
    this.#streams.set(id, stream);
    if (!options.isRequestWhole) this.#receiving++;
    return stream;
  }

  /** Notes that a request is whole. */
  endRequest(stream: Stream): void {
    stream.endRequest();
    this.#receiving--;
    if (!stream.isClosed) return;
    this.#closed.noteEnded(stream.id);
    this.#forgetEarly(stream);
  }

  /** Notes that an answer has been sent whole; its stream gives up its place. */
  endAnswer(stream: Stream): void {
    stream.endAnswer();
    if (stream.isClosed) this.#closed.noteEnded(stream.id);
    else this.#waitForRest(stream);
    this.#settle(stream);
  }

  /** Ends a stream from our side. */
  reset(stream: Stream, code: ErrorCode, failure?: Failure): void {
    this.refuse(stream.id, code);
    this.#cut(stream, failure ?? new Failure("client_gone", "the stream was given up"));
  }

  /** Ends a stream that has no place. */
  refuse(id: number, code: ErrorCode): void {
    this.#output.reset(id, code);
    this.#closed.noteReset(id);
  }

  /** Notes that the client has reset a stream. */
  cut(stream: Stream): void {
    this.#closed.noteEnded(stream.id);
    this.#cut(stream, new Failure("client_gone", "client has reset the stream"));
  }

  /** Ends all streams with the connection. */
  cutAll(): void {
    this.#early.clear();
    this.#earlyLimits.stop();
    if (this.#streams.size === 0) return;
    const failure = new Failure("client_gone", "client left");
    for (const stream of [...this.#streams.values()]) {
      if (!stream.isClosed) this.#cut(stream, failure);
    }
  }

  /** Takes the place away if the stream is over: closed, and its application has answered. */
  settleAnswered(stream: Stream): void {
    stream.isAnswered = true;
    if (stream.isClosed) this.#settle(stream);
  }

  /**
   * A client that is answered before its request is whole is told to stop sending (RFC 9113 §8.1), but not
   * at once: the rest may be on its way already, and curl 7.88 forgets an answer that a reset follows.
   */
  #waitForRest(stream: Stream): void {
    this.#early.set(stream.id, stream);
    this.#earlyLimits.begin(stream.id);
    if (this.#early.size <= HTTP2_STREAMS_MAX) return;
    for (const oldest of this.#early.keys()) return this.#resetEarly(oldest);
  }

  #resetEarly(id: number): void {
    const stream = this.#early.get(id);
    if (stream !== undefined) this.reset(stream, ERROR_CODE.noError);
  }

  #forgetEarly(stream: Stream): void {
    if (this.#early.delete(stream.id)) this.#earlyLimits.end(stream.id);
  }

  #cut(stream: Stream, failure: Failure): void {
    if (stream.isReceiving) this.#receiving--;
    // Whoever has answered whole has nothing left to be called off.
    const wasAnswered = stream.state === "half_closed_local";
    stream.close();
    if (!wasAnswered) stream.controller?.abort(failure);
    stream.body?.fail(failure);
    stream.sender?.cancel();
    this.#forgetEarly(stream);
    this.#settle(stream);
  }

  #settle(stream: Stream): void {
    if (!stream.isAnswered || !this.#streams.delete(stream.id)) return;
    // What is left of a body that nobody has read to its end.
    stream.body?.cancel();
    this.#onOver(stream);
  }
}
