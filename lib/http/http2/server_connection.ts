/**
 * One client's connection over HTTP/2 (RFC 9113): its life, its time limits, and how it ends. Puts the
 * parts together that read frames, serve requests and write answers; many requests are in flight at a
 * time.
 *
 * States: `serving` -> `draining` (GOAWAY was sent, streams in flight finish) -> `leaving` (nothing is
 * served, what is gathered is sent, the client may still be sending); terminal state: `closed`. Every way
 * out passes through `#close` once. Does I/O. Input comes from strangers.
 *
 * @module
 */
import { Failure } from "../../base/failures.ts";
import { HTTP2_OUTPUT_MAX_BYTES } from "../../base/http2_limits.ts";
import {
  CLIENT_WRITE_TIMEOUT_MS,
  REQUEST_LINGER_MAX_BYTES,
  REQUEST_LINGER_MS,
} from "../../base/limits.ts";
import { Watchdog } from "../../base/watchdog.ts";
import type { Connection } from "../connection.ts";
import type { HopSource } from "../hop_client.ts";
import { answerDefect } from "../loopback_server.ts";
import type { ServerContext } from "../server_context.ts";
import { AbuseBudget } from "./abuse_budget.ts";
import { AnswerQueue } from "./answer_queue.ts";
import { AnswerWriter } from "./answer_writer.ts";
import { ERROR_CODE, type ErrorCode, Http2Error } from "./error_codes.ts";
import { FrameHandler } from "./frame_handler.ts";
import { type Frame, FrameInput, type FrameSink } from "./frame_input.ts";
import { FrameOutput } from "./frame_output.ts";
import { RequestBodies } from "./request_bodies.ts";
import { RequestServer } from "./request_server.ts";
import { encodeServerPreface } from "./settings.ts";
import type { Stream } from "./stream.ts";
import { StreamLimits } from "./stream_limits.ts";
import { StreamTable } from "./stream_table.ts";

/** Where a connection comes from. */
export interface Http2ConnectionOptions {
  readonly remote: HopSource;
}

/** What the client is waited for, as far as the connection is concerned. */
type Wait =
  /** Its preface and its first SETTINGS. */
  | "greeting"
  /** The rest of a field block. */
  | "block"
  /** The rest of a frame. */
  | "frame"
  /** Another request. */
  | "request"
  /** Nothing: what requests wait for has limits of its own. */
  | "nothing";

const SERVER_PREFACE = encodeServerPreface();

/** Serves one connection. */
export class Http2Connection implements FrameSink {
  readonly #connection: Connection;
  readonly #context: ServerContext;
  readonly #input: FrameInput;
  readonly #output: FrameOutput;
  readonly #streams: StreamTable;
  readonly #queue: AnswerQueue;
  readonly #bodies: RequestBodies;
  readonly #requests: RequestServer;
  readonly #frames: FrameHandler;
  /** Limits the waits of {@linkcode Wait}, and that for a client that lingers. */
  readonly #limit: Watchdog;
  /** Limits the waits for the client to take bytes. */
  readonly #writeLimit: Watchdog;
  /** Limits the waits for the client to open a window. */
  readonly #windowLimits: StreamLimits;
  #state: "serving" | "draining" | "leaving" | "closed" = "serving";
  #hasGreeted = false;
  #isWithinBatch = false;
  #wait: Wait = "greeting";
  /** The highest stream there was when the wait for another request began. */
  #lastStream = 0;
  /** The last stream by GOAWAY. */
  #servedUpTo = Infinity;

  constructor(connection: Connection, context: ServerContext, options: Http2ConnectionOptions) {
    const { buffers, clock, date } = context;
    this.#connection = connection;
    this.#context = context;
    this.#input = new FrameInput(connection, buffers, this);
    this.#limit = new Watchdog(clock, () => this.#expire());
    this.#writeLimit = new Watchdog(clock, () => this.#expireWrite());
    this.#windowLimits = new StreamLimits(clock, {
      limitMs: CLIENT_WRITE_TIMEOUT_MS,
      onExpired: (stream) => this.#expireAnswer(stream),
    });
    const budget = new AbuseBudget(clock);
    const output = this.#output = new FrameOutput(connection, {
      buffers,
      limit: this.#writeLimit,
      onRoom: () => this.#noteRoom(),
      onBroken: () => this.#close(),
    });
    const streams = this.#streams = new StreamTable(output, {
      clock,
      onOver: (stream) => this.#noteOver(stream),
    });
    const queue = this.#queue = new AnswerQueue(output);
    const limits = this.#windowLimits;
    const tools = { budget, buffers, limits, output, queue, streams, largeReads: 0 };
    const writer = new AnswerWriter(date, tools);
    const bodies = this.#bodies = new RequestBodies({
      budget,
      clock,
      output,
      onWanted: (id) => {
        const stream = streams.find(id);
        if (stream !== undefined && !stream.isAnswered) writer.writeInterim(stream, 100, []);
      },
      onSilent: (id) => this.#expireBody(id),
    });
    const { remote } = options;
    const onUnknownHop = () => this.drain();
    const requests = { budget, context, remote, streams, writer, onUnknownHop };
    this.#requests = new RequestServer(requests);
    this.#frames = new FrameHandler({
      bodies,
      budget,
      output,
      queue,
      requests: this.#requests,
      streams,
      onStreamError: () => context.environment.counters.add("http2_errors"),
    });
  }

  /** See {@linkcode FrameSink}. */
  get isReceiving(): boolean {
    return this.#streams.isReceiving;
  }

  /** Serves until the connection is closed. Never rejects. */
  async run(): Promise<void> {
    this.#limit.set(this.#context.timeouts.headerMs);
    while (this.#state !== "closed") {
      try {
        await this.#input.run();
        break;
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#close();
  }

  /** Ends the connection when what is in flight has been answered: at once if nothing is. */
  drain(): void {
    if (this.#state !== "serving") return;
    this.#state = "draining";
    this.#frames.isRefusing = true;
    this.#greet();
    this.#sendGoaway(ERROR_CODE.noError);
    if (this.#streams.size === 0) void this.#leave();
  }

  /** See {@linkcode FrameSink}. */
  takeFrame(frame: Frame): void {
    this.#isWithinBatch = true;
    this.#greet();
    this.#frames.take(frame);
  }

  /** See {@linkcode FrameSink}. */
  endBatch(): Promise<void> | undefined {
    const hasFrame = this.#isWithinBatch;
    this.#isWithinBatch = false;
    this.#bodies.settle();
    this.#noteWait(hasFrame);
    const isFull = this.#output.gatheredBytes > HTTP2_OUTPUT_MAX_BYTES;
    return isFull ? this.#untilRoom() : undefined;
  }

  /**
   * Says the first word (RFC 9113 §3.4), when the client has said its own, which waits for nothing: it
   * leaves in one write with what that is answered.
   */
  #greet(): void {
    if (this.#hasGreeted) return;
    this.#hasGreeted = true;
    this.#output.frames(SERVER_PREFACE);
  }

  /** A client that reads nothing is not read from, either. */
  async #untilRoom(): Promise<void> {
    this.#wait = "nothing";
    this.#limit.lift();
    while (this.#output.gatheredBytes > HTTP2_OUTPUT_MAX_BYTES) await this.#output.untilTaken();
    this.#noteWait();
  }

  #noteRoom(): void {
    try {
      this.#queue.run();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#output.isIdle) this.#requests.noteLeft();
  }

  #noteOver(stream: Stream): void {
    this.#requests.noteOver(stream);
    // Nothing is on its way that would have to be taken first: a stream that was reset, for instance.
    if (this.#output.isIdle) this.#requests.noteLeft();
    if (this.#streams.size > 0) return;
    this.#bodies.rest();
    if (this.#state === "draining") void this.#leave();
    else if (!this.#isWithinBatch) this.#noteWait();
  }

  /**
   * Begins to limit what the client is now waited for.
   *
   * @param hasFrame Whether a frame has come: if one is awaited still, it is another one.
   */
  #noteWait(hasFrame = false): void {
    if (this.#state !== "serving" && this.#state !== "draining") return;
    const wait = this.#currentWait();
    const isAnother = wait === "request"
      ? this.#lastStream !== this.#streams.highest
      : wait === "frame" && hasFrame;
    if (wait === this.#wait && !isAnother) return;
    this.#wait = wait;
    this.#lastStream = this.#streams.highest;
    const { headerMs, keepAliveMs } = this.#context.timeouts;
    if (wait === "nothing") this.#limit.lift();
    else this.#limit.set(wait === "request" ? keepAliveMs : headerMs);
  }

  #currentWait(): Wait {
    if (!this.#frames.isGreeted) return "greeting";
    if (this.#frames.isWithinBlock) return "block";
    if (this.#input.isWithinFrame) return "frame";
    return this.#streams.size === 0 ? "request" : "nothing";
  }

  /** The client was silent for too long, or lingers. */
  #expire(): void {
    if (this.#state === "leaving") return this.#close();
    this.#context.environment.counters.add("request_timeout");
    this.#goAway(ERROR_CODE.noError);
  }

  /** The client took nothing for too long. */
  #expireWrite(): void {
    if (this.#streams.size > 0) this.#context.environment.counters.add("answer_timeout");
    this.#close();
  }

  #expireAnswer(id: number): void {
    const { counters, log, sampler } = this.#context.environment;
    const stream = this.#streams.find(id);
    if (stream === undefined) return;
    counters.add("answer_timeout");
    const heldBack = sampler.admit("answer_timeout");
    if (heldBack !== undefined) {
      const { client } = this.#requests;
      log.info("Gave up an answer whose client takes nothing of it", { client, heldBack });
    }
    this.#streams.reset(stream, ERROR_CODE.cancel);
  }

  #expireBody(id: number): void {
    this.#context.environment.counters.add("body_timeout");
    const failure = new Failure("client_silent", "client was silent within its request's body");
    this.#streams.find(id)?.body?.fail(failure);
  }

  /** The client has broken the rules, or costs too much; or there is a defect of our own. */
  #fail(error: unknown): void {
    const { environment } = this.#context;
    const { counters, log, sampler } = environment;
    if (!(error instanceof Http2Error)) {
      answerDefect(environment, error);
      return this.#goAway(ERROR_CODE.internalError);
    }
    const { code, message: reason } = error;
    const isAbuse = code === ERROR_CODE.enhanceYourCalm;
    counters.add(isAbuse ? "http2_abuse" : "http2_errors");
    const heldBack = isAbuse ? sampler.admit("http2_abuse") : undefined;
    if (heldBack !== undefined) {
      const { client } = this.#requests;
      log.warn("Ended an HTTP/2 connection that costs too much", { client, reason, heldBack });
    }
    this.#goAway(code);
  }

  /** Ends the connection with all that is in flight. */
  #goAway(code: ErrorCode): void {
    if (this.#state === "leaving" || this.#state === "closed") return;
    this.#greet();
    this.#sendGoaway(code);
    void this.#leave();
    this.#streams.cutAll();
    this.#limit.set(REQUEST_LINGER_MS);
  }

  /** What was said once stays true: streams above it may be tried elsewhere (RFC 9113 §6.8). */
  #sendGoaway(code: ErrorCode): void {
    this.#servedUpTo = Math.min(this.#servedUpTo, this.#streams.highest);
    this.#output.goaway(this.#servedUpTo, code);
  }

  /** Sends what is gathered and ends our side; the client is read from for a while, see `linger.ts`. */
  async #leave(): Promise<void> {
    this.#state = "leaving";
    this.#limit.lift();
    this.#input.drop(REQUEST_LINGER_MAX_BYTES);
    while (!this.#output.isIdle) await this.#output.untilTaken();
    if (this.#state !== "leaving") return;
    this.#limit.set(REQUEST_LINGER_MS);
    try {
      await this.#connection.closeWrite();
    } catch {
      // The client has gone, which the reading finds out.
    }
  }

  #close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#limit.stop();
    this.#output.break();
    try {
      this.#connection.close();
    } catch {
      // The runtime had closed it, which is all that is wanted.
    }
    this.#streams.cutAll();
    this.#requests.noteLeft();
    this.#writeLimit.stop();
    this.#windowLimits.stop();
    this.#bodies.stop();
  }
}
