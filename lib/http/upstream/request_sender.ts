/**
 * Sends one request: the head, with the first piece of the body if that is there already, then the
 * rest while the response may be on its way. A body that does not have its stated length, or that
 * breaks off, is never ended as if it were whole. A stream that was reset may end like a whole one;
 * it is the abort of the request's signal that has stopped the sender by then. Does I/O through the
 * connection.
 *
 * Owns the body's stream from the start. Terminal states: sent (every byte and the end), stopped.
 *
 * @module
 */
import { errorText, Failure } from "../../base/failures.ts";
import { HEAD_WITH_BODY_MAX_BYTES } from "../../base/limits.ts";
import { encodeChunk, LAST_CHUNK } from "../http1/chunked_encoder.ts";
import type { RequestBody, UpstreamRequest } from "../message.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";

/** Generous for a stream around a stream, and less than a microsecond. */
const MICROTASKS_FOR_FIRST_PIECE = 8;

/** What the sender is told, and whom it tells. */
export interface RequestSenderOptions {
  /** Limits a write while no answer has come. Milliseconds. */
  readonly responseMs: number;
  /** Called if the rest of the body cannot be sent and the exchange has to end. */
  readonly onFailure: (failure: Failure) => void;
}

/** Sends one request over one connection. */
export class RequestSender {
  readonly #connection: UpstreamConnection;
  readonly #request: UpstreamRequest;
  readonly #options: RequestSenderOptions;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #sentBytes = 0;
  #isSent = false;
  #isStopped = false;
  #isAnswered = false;

  constructor(
    connection: UpstreamConnection,
    request: UpstreamRequest,
    options: RequestSenderOptions,
  ) {
    this.#connection = connection;
    this.#request = request;
    this.#options = options;
  }

  /** The whole request has been written: the connection may carry another one. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /**
   * Writes the head and what there is of the body; the rest follows without being waited for. A
   * server that does not take the bytes is no failure yet: it may have answered already.
   *
   * @throws {Failure} If the body cannot be read, or the connection was ended from this side.
   */
  async start(head: Uint8Array): Promise<void> {
    const { body } = this.#request;
    this.#connection.setLimit(this.#options.responseMs);
    if (body === undefined) {
      await this.#write(head);
      this.#isSent = !this.#isStopped;
      return;
    }
    const reader = this.#reader = body.stream.getReader();
    const first = this.#read(reader);
    const piece = await pieceAtHand(first);
    if (piece === undefined || piece.length === 0 || piece.length > HEAD_WITH_BODY_MAX_BYTES) {
      await this.#write(head);
      void this.#sendRest(body, first);
    } else {
      await this.#write(concatenate(head, this.#encode(body, piece)));
      void this.#sendRest(body, this.#read(reader));
    }
  }

  /** Says that the answer's head is there: from now on its body's silence is what is limited. */
  noteAnswer(): void {
    this.#isAnswered = true;
  }

  /** Sends nothing more and lets the body's stream go. May be called again. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    // A stream that has ended or broken off does not care, and nobody else does.
    this.#reader?.cancel().catch(() => {});
  }

  #read(
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<ReadableStreamReadResult<Uint8Array>> {
    const result = reader.read();
    // Reported where the result is awaited, which may be after it has failed.
    result.catch(() => {});
    return result;
  }

  async #sendRest(
    body: RequestBody,
    first: Promise<ReadableStreamReadResult<Uint8Array>>,
  ): Promise<void> {
    const reader = this.#reader as ReadableStreamDefaultReader<Uint8Array>;
    try {
      for (let next = first; !this.#isStopped; next = this.#read(reader)) {
        if (this.#sentBytes === body.length) this.#noteSent();
        else if (!this.#isAnswered) this.#connection.liftLimit();
        const { done, value } = await next;
        if (this.#isStopped) return;
        if (done) return await this.#finish(body);
        if (value.length > 0) await this.#writeLimited(this.#encode(body, value));
      }
    } catch (error) {
      if (this.#isStopped) return;
      this.#options.onFailure(bodyFailure(error));
    }
  }

  async #finish(body: RequestBody): Promise<void> {
    if (body.length === undefined) {
      await this.#writeLimited(LAST_CHUNK);
    } else if (this.#sentBytes < body.length) {
      const missing = body.length - this.#sentBytes;
      throw new Failure("client_malformed", `request body ended ${missing} bytes early`);
    }
    this.#noteSent();
  }

  /** From here on the server owes an answer. */
  #noteSent(): void {
    if (this.#isSent || this.#isStopped) return;
    this.#isSent = true;
    if (!this.#isAnswered) this.#connection.setLimit(this.#options.responseMs);
  }

  #encode(body: RequestBody, piece: Uint8Array): Uint8Array {
    this.#sentBytes += piece.length;
    if (body.length === undefined) return encodeChunk(piece);
    if (this.#sentBytes <= body.length) return piece;
    throw new Failure("client_malformed", `request body is longer than its ${body.length} bytes`);
  }

  async #writeLimited(bytes: Uint8Array): Promise<void> {
    if (!this.#isAnswered) this.#connection.setLimit(this.#options.responseMs);
    await this.#write(bytes);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#connection.write(bytes);
    } catch (error) {
      if (this.#connection.failure !== undefined) throw error;
      // The server takes no more, but may have said why: the reader finds an answer, or the end.
      this.stop();
      if (!this.#isAnswered) this.#connection.setLimit(this.#options.responseMs);
    }
  }
}

/**
 * Returns what is there already and does not wait for more: a client may wait for an answer to the
 * head alone. A stream over bytes in memory takes some microtasks to hand them out.
 */
async function pieceAtHand(
  first: Promise<ReadableStreamReadResult<Uint8Array>>,
): Promise<Uint8Array | undefined> {
  let piece: Uint8Array | undefined;
  let isSettled = false;
  const settled = first.then((result) => {
    piece = result.value;
    isSettled = true;
  });
  try {
    for (let turn = 0; turn < MICROTASKS_FOR_FIRST_PIECE && !isSettled; turn++) {
      await Promise.race([settled, undefined]);
    }
  } catch (error) {
    throw bodyFailure(error);
  }
  return piece;
}

function bodyFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const text = `request body broke off: ${errorText(error)}`;
  return new Failure("client_gone", text, { cause: error });
}

function concatenate(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
