/**
 * What a client has said on one HTTP/2 connection, read from its bytes by the letter of RFC 9113 and by
 * nobody else's code but the field decoder: which requests, and which of their bodies are whole. It
 * stops at the first thing that is an error of the connection. Pure.
 *
 * @module
 */
import { FieldDecoder } from "../../lib/http/http2/hpack/field_decoder.ts";
import { decodeLatin1 } from "../../lib/http/http1/latin1.ts";
import { concat, FLAG, FRAME, type Frame, PREFACE, takeFrames } from "./http2_frames.ts";

/** One request. */
export interface SentRequest {
  /** `:path`; undefined if there is none. */
  readonly path: string | undefined;
  /** `:method`. */
  readonly method: string | undefined;
  /** Latin1. */
  text: string;
  /** Whether the client has ended it. */
  isEnded: boolean;
}

/** Reads what one client sends. */
export class SentHttp2 {
  /** By stream. */
  readonly requests = new Map<number, SentRequest>();
  readonly #decoder = new FieldDecoder({
    tableBytesMax: 4_096,
    listBytesMax: 1_048_576,
    fieldsMax: 10_000,
  });
  #bytes: Uint8Array = new Uint8Array();
  #prefaceBytes = PREFACE.length;
  #section: { readonly stream: number; readonly flags: number; block: Uint8Array } | undefined;
  #isOver = false;
  #highest = 0;

  /** Notes bytes that follow those before. */
  note(bytes: Uint8Array): void {
    const skipped = Math.min(this.#prefaceBytes, bytes.length);
    this.#prefaceBytes -= skipped;
    const all = concat([this.#bytes, bytes.subarray(skipped)]);
    this.#bytes = all.subarray(takeFrames(all, (frame) => this.#take(frame)));
  }

  #take({ type, flags, stream, payload }: Frame): void {
    if (this.#isOver) return;
    const content = withoutPadding(type, flags, payload);
    if (content === undefined || (this.#section !== undefined && type !== FRAME.continuation)) {
      this.#isOver = true;
    } else if (type === FRAME.headers) {
      this.#section = { stream, flags, block: content.slice() };
      if ((flags & FLAG.endHeaders) !== 0) this.#endSection();
    } else if (type === FRAME.continuation) {
      if (this.#section?.stream !== stream) return void (this.#isOver = true);
      this.#section.block = concat([this.#section.block, content]);
      if ((flags & FLAG.endHeaders) !== 0) this.#endSection();
    } else if (type === FRAME.data) {
      const request = this.requests.get(stream);
      // One that was passed over is closed, which need not end the connection (§5.1.1).
      if (request === undefined) this.#isOver = stream > this.#highest;
      else if (!request.isEnded) {
        request.text += decodeLatin1(content);
        request.isEnded = (flags & FLAG.endStream) !== 0;
      }
    }
  }

  #endSection(): void {
    const { stream, flags, block } = this.#section!;
    this.#section = undefined;
    try {
      const fields = this.#decoder.decode(block) ?? [];
      const isEnded = (flags & FLAG.endStream) !== 0;
      const request = this.requests.get(stream);
      this.#highest = Math.max(this.#highest, stream);
      if (request !== undefined) request.isEnded ||= isEnded;
      else {
        const [path, method] = [":path", ":method"].map((wanted) =>
          fields.find(([name]) => name === wanted)?.[1]
        );
        this.requests.set(stream, { path, method, text: "", isEnded });
      }
    } catch {
      // COMPRESSION_ERROR: nothing after it means anything.
      this.#isOver = true;
    }
  }
}

/** @returns undefined if the padding does not fit (RFC 9113 §6.1). */
function withoutPadding(type: number, flags: number, payload: Uint8Array): Uint8Array | undefined {
  if (type !== FRAME.data && type !== FRAME.headers) return payload;
  const isPadded = (flags & FLAG.padded) !== 0;
  const hasPriority = type === FRAME.headers && (flags & FLAG.priority) !== 0;
  const start = (isPadded ? 1 : 0) + (hasPriority ? 5 : 0);
  const end = payload.length - (isPadded ? payload[0] : 0);
  return start <= end ? payload.subarray(start, end) : undefined;
}
