/**
 * What the bodies of one connection's requests have in common: the window of the connection, what the
 * client is told of both windows, and how long it may be silent. Does no I/O but through the output.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { HTTP2_WINDOW_BYTES, HTTP2_WINDOW_MAX_BYTES } from "../../base/http2_limits.ts";
import { CLIENT_BODY_TIMEOUT_MS } from "../../base/limits.ts";
import type { AbuseBudget } from "./abuse_budget.ts";
import type { FrameOutput } from "./frame_output.ts";
import { FRAME_PAYLOAD_MAX_BYTES } from "./frames.ts";
import type { RequestBody, RequestBodyOwner } from "./request_body.ts";
import { StreamLimits } from "./stream_limits.ts";
import { ReceiveWindow } from "./windows.ts";

/** What the bodies work with, and whom they tell. */
export interface RequestBodiesOptions {
  readonly budget: AbuseBudget;
  readonly clock: Clock;
  readonly output: FrameOutput;
  /** Called when a body is wanted whose client waits for 100 (Continue). */
  readonly onWanted: (stream: number) => void;
  /** Called when a client has been silent for too long while its body was waited for. */
  readonly onSilent: (stream: number) => void;
}

/** Owns the bodies of one connection. Whoever makes one stops it. */
export class RequestBodies implements RequestBodyOwner {
  readonly #options: RequestBodiesOptions;
  readonly #window = new ReceiveWindow({
    bytes: HTTP2_WINDOW_BYTES,
    maxBytes: HTTP2_WINDOW_MAX_BYTES,
  });
  readonly #limits: StreamLimits;
  /**
   * A buffer that a body has let go of: a body whose reader is about as fast as its client needs one again
   * and again, and would make more garbage than is collected.
   */
  #spare: Uint8Array | undefined;
  /** Bytes of the buffers that bodies have. */
  #lentBytes = 0;
  /** Whose reads are to go on when all frames that have come are looked at. */
  #filled: RequestBody[] = [];

  constructor(options: RequestBodiesOptions) {
    this.#options = options;
    this.#limits = new StreamLimits(options.clock, {
      limitMs: CLIENT_BODY_TIMEOUT_MS,
      onExpired: (stream) => this.#expire(stream),
    });
  }

  /**
   * Counts what has come on any stream, padding included.
   *
   * @returns false if it is more than the connection's window let in (RFC 9113 §6.9).
   */
  receive(bytes: number): boolean {
    return this.#window.receive(bytes);
  }

  /** Counts what no body will use: padding, and what came for streams that are over. */
  drop(bytes: number): void {
    this.#use(bytes, false);
  }

  /** Lets the reads go on that were waiting for what has come. */
  settle(): void {
    if (this.#filled.length === 0) return;
    for (const body of this.#filled.splice(0)) body.settle();
  }

  /** Lifts the limits. */
  stop(): void {
    this.#limits.stop();
  }

  /** See {@linkcode RequestBodyOwner}. */
  onWanted({ stream }: RequestBody): void {
    this.#options.onWanted(stream);
  }

  /** See {@linkcode RequestBodyOwner}. */
  onWait({ stream }: RequestBody): void {
    this.#limits.begin(stream);
  }

  /** See {@linkcode RequestBodyOwner}. */
  onWaited({ stream }: RequestBody): void {
    this.#limits.end(stream);
  }

  /** See {@linkcode RequestBodyOwner}. */
  onDropped(_body: RequestBody, bytes: number): void {
    this.drop(bytes);
  }

  /** See {@linkcode RequestBodyOwner}. */
  onRead(body: RequestBody, bytes: number): void {
    this.#options.budget.earnRead();
    this.useStream(body, bytes);
    this.#use(bytes, body.isComing && body.isKeptUp);
  }

  /** See {@linkcode RequestBodyOwner}. */
  onFilled(body: RequestBody): void {
    this.#filled.push(body);
  }

  /** See {@linkcode RequestBodyOwner}. */
  takeBuffer(bytes: number): Uint8Array {
    const buffer = this.#takeSpare(bytes) ?? new Uint8Array(bytes);
    this.#lentBytes += buffer.length;
    return buffer;
  }

  /** See {@linkcode RequestBodyOwner}. */
  giveBuffer(buffer: Uint8Array): void {
    this.#lentBytes -= buffer.length;
    if (this.#spare === undefined || this.#spare.length < buffer.length) this.#spare = buffer;
  }

  /** A small body may get a large buffer, but not so many of them that they are more than a window. */
  #takeSpare(bytes: number): Uint8Array | undefined {
    const spare = this.#spare;
    if (spare === undefined || spare.length < bytes) return undefined;
    if (this.#lentBytes + spare.length > HTTP2_WINDOW_MAX_BYTES) return undefined;
    this.#spare = undefined;
    return spare;
  }

  /** Keeps nothing for later: no request is in flight. */
  rest(): void {
    this.#spare = undefined;
  }

  /** Counts what has been used of a stream's own window. */
  useStream(body: RequestBody, bytes: number): void {
    if (!body.isComing) return;
    // So large that a body which is no longer read leaves others half of what all share.
    const mayGrow = body.isKeptUp && this.#window.sizeBytes >= 4 * body.window.sizeBytes;
    const increment = body.window.use(bytes, mayGrow);
    if (increment > 0) this.#options.output.windowUpdate(body.stream, increment);
  }

  #use(bytes: number, mayGrow: boolean): void {
    const increment = this.#window.use(bytes, mayGrow);
    if (increment > 0) this.#options.output.windowUpdate(0, increment);
  }

  /** A client is not silent that has no room to send in, for other bodies that wait to be read have it. */
  #expire(stream: number): void {
    if (this.#window.bytes < FRAME_PAYLOAD_MAX_BYTES) this.#limits.begin(stream);
    else this.#options.onSilent(stream);
  }
}
