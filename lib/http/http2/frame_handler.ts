/**
 * What each frame of a client means (RFC 9113 §6): whether it may come, and what becomes of it. Does I/O
 * through the output only. Input comes from strangers.
 *
 * An error of the connection is thrown; one of a stream resets that stream.
 *
 * @module
 */
import { HEAD_MAX_BYTES, HEADER_LINES_MAX } from "../../base/limits.ts";
import { Failure } from "../../base/failures.ts";
import type { HeaderLine } from "../message.ts";
import { type AbuseBudget, COST } from "./abuse_budget.ts";
import type { AnswerQueue } from "./answer_queue.ts";
import { ERROR_CODE, type ErrorCode, Http2Error } from "./error_codes.ts";
import { FieldBlock } from "./field_block.ts";
import {
  checkFrame,
  flowControlError,
  PRIORITY_BYTES,
  protocolError,
  withoutPadding,
} from "./frame_checks.ts";
import type { Frame } from "./frame_input.ts";
import type { FrameOutput } from "./frame_output.ts";
import { FLAG, FRAME, readUint31 } from "./frames.ts";
import { INITIAL_TABLE_BYTES } from "./hpack/dynamic_table.ts";
import { FieldDecoder } from "./hpack/field_decoder.ts";
import type { RequestBodies } from "./request_bodies.ts";
import { RequestBody } from "./request_body.ts";
import { readRequestFields, readRequestTrailers } from "./request_fields.ts";
import type { RequestServer } from "./request_server.ts";
import { PeerSettings } from "./settings.ts";
import type { Stream } from "./stream.ts";
import type { StreamTable } from "./stream_table.ts";

/** What frames act upon. */
export interface FrameHandlerOptions {
  readonly bodies: RequestBodies;
  readonly budget: AbuseBudget;
  readonly output: FrameOutput;
  readonly queue: AnswerQueue;
  readonly requests: RequestServer;
  readonly streams: StreamTable;
  /** Called when a stream is ended for what the client has sent on it. */
  readonly onStreamError: () => void;
}

const NO_TRAILERS: readonly HeaderLine[] = [];

/** Pseudo-fields stand in the same list. */
const FIELDS_MAX = HEADER_LINES_MAX + 4;

/** Handles the frames of one connection. */
export class FrameHandler {
  /** No further request is served. */
  isRefusing = false;
  readonly #options: FrameHandlerOptions;
  readonly #peer = new PeerSettings();
  readonly #decoder = new FieldDecoder({
    tableBytesMax: INITIAL_TABLE_BYTES,
    listBytesMax: HEAD_MAX_BYTES,
    fieldsMax: FIELDS_MAX,
  });
  readonly #block = new FieldBlock();
  /** Whether the block that is open opens a stream. */
  #isBlockNew = false;
  #isGreeted = false;

  constructor(options: FrameHandlerOptions) {
    this.#options = options;
  }

  /** Whether the client's first SETTINGS have come (RFC 9113 §3.4). */
  get isGreeted(): boolean {
    return this.#isGreeted;
  }

  /** Whether a field block is open. */
  get isWithinBlock(): boolean {
    return this.#block.isOpen;
  }

  /** Handles one frame. @throws {Http2Error} If the connection cannot go on. */
  take(frame: Frame): void {
    if (this.#block.isOpen) return this.#continue(frame);
    if (!this.#isGreeted) this.#greet(frame);
    switch (frame.type) {
      case FRAME.data:
        return this.#takeData(frame);
      case FRAME.headers:
        return this.#takeHeaders(frame);
      case FRAME.windowUpdate:
        return this.#takeWindowUpdate(frame);
      case FRAME.reset:
        return this.#takeReset(frame);
      case FRAME.settings:
        return this.#takeSettings(frame);
      case FRAME.ping:
        return this.#takePing(frame);
      case FRAME.priority:
        return this.#takePriority(frame);
      case FRAME.goaway:
        checkFrame(frame, { isOfStream: false, leastBytes: 8 });
        return this.#options.budget.spend(COST.ignored, "GOAWAY");
      case FRAME.pushPromise:
        throw protocolError("a client pushes");
      case FRAME.continuation:
        throw protocolError("CONTINUATION of no field block");
      default:
        // §4.1: what is unknown is ignored.
        return this.#options.budget.spend(COST.ignored, "frames of unknown types");
    }
  }

  /** RFC 9113 §3.4. */
  #greet({ type, flags }: Frame): void {
    if (type !== FRAME.settings || (flags & FLAG.ack) !== 0) {
      throw protocolError("SETTINGS do not come first");
    }
    this.#isGreeted = true;
  }

  /** RFC 9113 §6.10. */
  #continue({ type, flags, stream, bytes, start, end }: Frame): void {
    const block = this.#block;
    if (type !== FRAME.continuation || stream !== block.stream) {
      throw protocolError("a field block is interrupted");
    }
    block.add(bytes.subarray(start, end));
    if ((flags & FLAG.endHeaders) === 0) return;
    this.#takeSection(stream, block.close(), {
      endsStream: block.endsStream,
      isNew: this.#isBlockNew,
    });
  }

  /** RFC 9113 §6.1. */
  #takeData(frame: Frame): void {
    const { bodies, budget, streams } = this.#options;
    const { flags, stream: id, bytes } = frame;
    const length = frame.end - frame.start;
    if (id === 0) throw protocolError("DATA of no stream");
    if (!bodies.receive(length)) throw flowControlError("the connection's window is overrun");
    const { start, end } = (flags & FLAG.padded) === 0 ? frame : withoutPadding(frame);
    const stream = streams.find(id);
    if (stream === undefined || !stream.isReceiving) {
      bodies.drop(length);
      return stream === undefined
        ? this.#takeLate(id, FRAME.data)
        : this.#resetStream(stream, ERROR_CODE.streamClosed, "DATA behind the end");
    }
    const endsStream = (flags & FLAG.endStream) !== 0;
    const count = end - start;
    if (count > 0) budget.earnReceived(count);
    if (count === 0 && !endsStream) budget.spend(COST.emptyData, "empty DATA");
    else budget.spend(COST.data, "tiny DATA");
    if (stream.body === undefined) bodies.drop(length);
    else if (!this.#fillBody(stream, stream.body, { bytes, start, end, length })) return;
    if (endsStream) this.#endRequest(stream, NO_TRAILERS);
  }

  /** @returns false if the stream had to be reset. */
  #fillBody(
    stream: Stream,
    body: RequestBody,
    data: { bytes: Uint8Array; start: number; end: number; length: number },
  ): boolean {
    const { bodies } = this.#options;
    const { bytes, start, end, length } = data;
    if (!body.window.receive(length)) {
      bodies.drop(length);
      this.#resetStream(stream, ERROR_CODE.flowControlError, "a stream's window is overrun");
      return false;
    }
    const padding = length - (end - start);
    if (padding > 0) {
      bodies.drop(padding);
      bodies.useStream(body, padding);
    }
    if (end === start || body.receive(bytes.subarray(start, end))) return true;
    bodies.drop(end - start);
    this.#resetStream(stream, ERROR_CODE.protocolError, "a body is longer than said");
    return false;
  }

  /** RFC 9113 §8.1.1. */
  #endRequest(stream: Stream, trailers: readonly HeaderLine[]): void {
    if (stream.body !== undefined && !stream.body.finish(trailers)) {
      this.#resetStream(stream, ERROR_CODE.protocolError, "a body is shorter than said");
    } else {
      this.#options.streams.endRequest(stream);
    }
  }

  /** RFC 9113 §6.2. */
  #takeHeaders(frame: Frame): void {
    const { streams } = this.#options;
    const { flags, stream: id } = frame;
    // §5.1.1: an even number, and so 0, is none of the client's.
    if ((id & 1) === 0) throw protocolError("HEADERS on a stream that is none of a client's");
    let { start, end } = (flags & FLAG.padded) === 0 ? frame : withoutPadding(frame);
    const hasPriority = (flags & FLAG.priority) !== 0;
    if (hasPriority && end - start < PRIORITY_BYTES) {
      throw new Http2Error(ERROR_CODE.frameSizeError, "HEADERS without its priority");
    }
    if (hasPriority && readUint31(frame.bytes, start) === id) {
      throw protocolError("a stream depends on itself");
    }
    if (hasPriority) start += PRIORITY_BYTES;
    const isNew = id > streams.highest;
    if (isNew) streams.use(id);
    const fragment = frame.bytes.subarray(start, end);
    const endsStream = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) {
      return this.#takeSection(id, fragment, { endsStream, isNew });
    }
    this.#block.open(id, fragment, endsStream);
    this.#isBlockNew = isNew;
  }

  /** Every block is decoded, for the table's sake (RFC 9113 §4.3). */
  #takeSection(
    id: number,
    block: Uint8Array,
    { endsStream, isNew }: { readonly endsStream: boolean; readonly isNew: boolean },
  ): void {
    const fields = this.#decoder.decode(block);
    if (isNew) return this.#openStream(id, fields, endsStream);
    const stream = this.#options.streams.find(id);
    if (stream === undefined) return this.#takeLate(id, FRAME.headers);
    if (!stream.isReceiving) {
      return this.#resetStream(stream, ERROR_CODE.streamClosed, "HEADERS behind the end");
    }
    this.#takeTrailers(stream, fields, endsStream);
  }

  #openStream(id: number, fields: readonly HeaderLine[] | undefined, endsStream: boolean): void {
    const { budget, requests, streams } = this.#options;
    if (streams.isFull || this.isRefusing) {
      streams.refuse(id, ERROR_CODE.refusedStream);
      return budget.spend(COST.refused, "streams over MAX_CONCURRENT_STREAMS");
    }
    const head = fields === undefined
      ? undefined
      : readRequestFields(fields, endsStream, this.#decoder);
    if (head?.kind === "malformed") {
      this.#options.onStreamError();
      streams.refuse(id, ERROR_CODE.protocolError);
      return budget.spend(COST.refused, "malformed requests");
    }
    const { initialWindowBytes: windowBytes } = this.#peer;
    const stream = streams.open(id, { windowBytes, isRequestWhole: endsStream });
    if (head?.kind !== "request") {
      stream.method = fields === undefined ? undefined : methodOf(fields);
      requests.refuse(stream, head ?? { status: 431, reason: "the header section is too large" });
      return head === undefined ? budget.spend(COST.oversizedHead, "large heads") : undefined;
    }
    stream.method = head.method;
    if (!endsStream) {
      const { contentLength: length, expectsContinue } = head;
      stream.body = new RequestBody(this.#options.bodies, { stream: id, length, expectsContinue });
    }
    requests.serve(stream, head);
  }

  /** RFC 9113 §8.1. */
  #takeTrailers(
    stream: Stream,
    fields: readonly HeaderLine[] | undefined,
    endsStream: boolean,
  ): void {
    const trailers = fields === undefined ? undefined : readRequestTrailers(fields, this.#decoder);
    if (!endsStream || trailers?.kind !== "trailers") {
      return this.#resetStream(stream, ERROR_CODE.protocolError, "a malformed trailer section");
    }
    this.#endRequest(stream, trailers.trailers);
  }

  /** RFC 9113 §6.9. */
  #takeWindowUpdate(frame: Frame): void {
    const { budget, queue, streams } = this.#options;
    checkFrame(frame, { bytes: 4 });
    const increment = readUint31(frame.bytes, frame.start);
    budget.spend(COST.windowUpdate, "WINDOW_UPDATE");
    if (frame.stream === 0) {
      if (increment === 0) throw protocolError("WINDOW_UPDATE by nothing");
      if (!queue.window.add(increment)) throw flowControlError("a window beyond 2^31-1");
      return queue.run();
    }
    const stream = streams.find(frame.stream);
    if (stream === undefined) {
      if (streams.endOf(frame.stream) === undefined) throw protocolError("WINDOW_UPDATE when idle");
    } else if (increment === 0) {
      this.#resetStream(stream, ERROR_CODE.protocolError, "WINDOW_UPDATE by nothing");
    } else if (!stream.window.add(increment)) {
      this.#resetStream(stream, ERROR_CODE.flowControlError, "a window beyond 2^31-1");
    } else {
      stream.sender?.noteWindow();
    }
  }

  /** RFC 9113 §6.4. */
  #takeReset(frame: Frame): void {
    const { budget, streams } = this.#options;
    checkFrame(frame, { isOfStream: true, bytes: 4 });
    const stream = streams.find(frame.stream);
    if (stream !== undefined) streams.cut(stream);
    else if (streams.endOf(frame.stream) === undefined) throw protocolError("RST_STREAM when idle");
    budget.spend(COST.reset, "RST_STREAM");
  }

  /** RFC 9113 §6.5. */
  #takeSettings(frame: Frame): void {
    const { budget, output } = this.#options;
    checkFrame(frame, { isOfStream: false });
    if ((frame.flags & FLAG.ack) !== 0) {
      checkFrame(frame, { bytes: 0 });
      return budget.spend(COST.ignored, "SETTINGS");
    }
    budget.spend(COST.settings, "SETTINGS");
    const { headerTableBytesMax, initialWindowBytes } = this.#peer;
    this.#peer.apply(frame.bytes, frame.start, frame.end);
    if (this.#peer.headerTableBytesMax !== headerTableBytesMax) {
      output.setTableBytesMax(this.#peer.headerTableBytesMax);
    }
    const change = this.#peer.initialWindowBytes - initialWindowBytes;
    if (change !== 0) this.#changeWindows(change);
    output.settingsAck();
  }

  /** RFC 9113 §6.9.2. */
  #changeWindows(change: number): void {
    const { budget, streams } = this.#options;
    budget.spend(COST.settingsStream * streams.size, "SETTINGS");
    for (const stream of streams) {
      if (!stream.window.add(change)) throw flowControlError("a window beyond 2^31-1");
    }
    if (change < 0) return;
    for (const stream of streams) stream.sender?.noteWindow();
  }

  /** RFC 9113 §6.7. */
  #takePing(frame: Frame): void {
    const { budget, output } = this.#options;
    checkFrame(frame, { isOfStream: false, bytes: 8 });
    budget.spend(COST.ping, "PING");
    if ((frame.flags & FLAG.ack) === 0) output.pingAck(frame.bytes, frame.start);
  }

  /** RFC 9113 §6.3: parsed and ignored. */
  #takePriority(frame: Frame): void {
    const { budget, streams } = this.#options;
    checkFrame(frame, { isOfStream: true });
    budget.spend(COST.ignored, "PRIORITY");
    const isWhole = frame.end - frame.start === PRIORITY_BYTES;
    if (isWhole && readUint31(frame.bytes, frame.start) !== frame.stream) return;
    const code = isWhole ? ERROR_CODE.protocolError : ERROR_CODE.frameSizeError;
    const stream = streams.find(frame.stream);
    if (stream === undefined) throw new Http2Error(code, "a malformed PRIORITY");
    this.#resetStream(stream, code, "a malformed PRIORITY");
  }

  /** What comes on a stream that is not open (RFC 9113 §5.1). */
  #takeLate(id: number, type: number): void {
    const { budget, streams } = this.#options;
    switch (streams.endOf(id)) {
      case undefined:
        throw protocolError("a frame on an idle stream");
      case "ended":
        throw new Http2Error(ERROR_CODE.streamClosed, "a frame on a closed stream");
      case "reset":
        // What was on its way when we reset it: of an upload, as much as its window let in.
        return budget.spend(type === FRAME.data ? COST.data : COST.refused, "frames after a reset");
      case "forgotten":
        if (type === FRAME.headers) throw protocolError("a stream is opened below others");
        streams.refuse(id, ERROR_CODE.streamClosed);
        budget.spend(COST.refused, "frames on closed streams");
    }
  }

  #resetStream(stream: Stream, code: ErrorCode, what: string): void {
    const { budget, onStreamError, streams } = this.#options;
    onStreamError();
    streams.reset(stream, code, new Failure("client_malformed", what));
    budget.spend(COST.refused, what);
  }
}

/** Of a request that is refused: HEAD gets no body, whatever the answer is. */
function methodOf(fields: readonly HeaderLine[]): string | undefined {
  return fields.find(([name]) => name === ":method")?.[1];
}
