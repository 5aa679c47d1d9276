/**
 * Turns a {@linkcode Body} into a stream and a stream into a body, for the runtime's HTTP/2 server,
 * which speaks in streams. Neither reads before it is asked to, so a slow reader slows the writer and
 * no memory fills. Trailers do not pass: the runtime neither sends nor shows them. Does I/O through
 * what it is given.
 *
 * @module
 */
import { errorText, Failure } from "../base/failures.ts";
import { BODY_READ_BYTES } from "../base/limits.ts";
import type { Body, HeaderLine } from "./message.ts";

/**
 * Makes a byte stream that reads from `body` when somebody pulls; a failure of the body becomes the
 * stream's error. Cancelling the stream cancels the body.
 *
 * @param body Belongs to the stream from here on.
 */
export function bodyToStream(body: Body): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    type: "bytes",
    // A short body needs no long buffer, and one byte at least is what the runtime asks for.
    autoAllocateChunkSize: Math.min(BODY_READ_BYTES, Math.max(1, body.length ?? BODY_READ_BYTES)),
    pull: (controller) => pull(body, controller),
    cancel: () => body.cancel(),
  });
}

async function pull(body: Body, controller: ReadableByteStreamController): Promise<void> {
  const request = controller.byobRequest as ReadableStreamBYOBRequest;
  const count = await body.read(request.view as Uint8Array);
  // Closing first, for a view cannot be answered with no bytes before (Streams §4.7.4).
  if (count === 0) controller.close();
  request.respond(count);
}

/** What is known of a stream beside its bytes. */
export interface StreamToBodyOptions {
  /** Bytes in all; undefined = not known. Passed on, and not compared with what comes. */
  readonly length: number | undefined;
  /**
   * Aborts when the client leaves. An HTTP/2 stream that is reset with CANCEL or NO_ERROR ends in the
   * runtime like a whole body, but its signal has been aborted by then: such an end is a failure.
   */
  readonly signal?: AbortSignal;
}

/**
 * Makes a body that reads from the client's stream when it is read, and locks it not before.
 *
 * @returns A body whose reads fail with `client_gone` if the stream breaks off or has been cancelled.
 */
export function streamToBody(
  stream: ReadableStream<Uint8Array>,
  options: StreamToBodyOptions,
): Body {
  return new StreamBody(stream, options);
}

const NO_TRAILERS: readonly HeaderLine[] = [];

/** States: untouched -> reading -> ended, or from everywhere -> cancelled. */
class StreamBody implements Body {
  readonly length: number | undefined;
  readonly trailers = NO_TRAILERS;
  readonly #stream: ReadableStream<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  #source: StreamSource | undefined;
  #isCancelled = false;

  constructor(stream: ReadableStream<Uint8Array>, options: StreamToBodyOptions) {
    this.length = options.length;
    this.#stream = stream;
    this.#signal = options.signal;
  }

  get isTouched(): boolean {
    return this.#source !== undefined;
  }

  async read(target: Uint8Array): Promise<number> {
    if (this.#isCancelled) throw cancelled();
    const source = this.#source ??= openSource(this.#stream, this.length);
    const count = await readFrom(source, target);
    // Cancelling ends a pending read as if the body were whole.
    if (this.#isCancelled) throw cancelled();
    if (count === 0 && this.#signal?.aborted) throw new Failure("client_gone", "client left");
    return count;
  }

  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    // A stream that has ended or broken off does not care, and nobody else does.
    (this.#source ?? this.#stream).cancel().catch(() => {});
  }
}

/** A stream that has been locked for reading. */
interface StreamSource {
  /** @returns How many bytes; 0 at the end, and only there if `target` has room. */
  read(target: Uint8Array): Promise<number>;
  cancel(): Promise<void>;
}

async function readFrom(source: StreamSource, target: Uint8Array): Promise<number> {
  try {
    return await source.read(target);
  } catch (error) {
    const text = `request body broke off: ${errorText(error)}`;
    throw new Failure("client_gone", text, { cause: error });
  }
}

/** The runtime's streams are byte streams; those that are not have a reader all the same. */
function openSource(
  stream: ReadableStream<Uint8Array>,
  length: number | undefined,
): StreamSource {
  try {
    return new ByteSource(stream.getReader({ mode: "byob" }), length ?? BODY_READ_BYTES);
  } catch (error) {
    if (!(error instanceof TypeError) || stream.locked) throw error;
    return new PieceSource(stream.getReader());
  }
}

/**
 * Reads through one buffer of its own, again and again: the reader's buffers take turns in belonging
 * to the stream, so the caller's cannot be lent to it.
 */
class ByteSource implements StreamSource {
  readonly #reader: ReadableStreamBYOBReader;
  #buffer: ArrayBuffer;

  constructor(reader: ReadableStreamBYOBReader, length: number) {
    this.#reader = reader;
    this.#buffer = new ArrayBuffer(Math.min(BODY_READ_BYTES, Math.max(1, length)));
  }

  async read(target: Uint8Array): Promise<number> {
    const room = Math.min(target.length, this.#buffer.byteLength);
    const { value } = await this.#reader.read(new Uint8Array(this.#buffer, 0, room));
    // Missing only after cancel().
    if (value === undefined) return 0;
    this.#buffer = value.buffer;
    target.set(value);
    return value.length;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

/** Reads pieces as they come, and keeps what did not fit. */
class PieceSource implements StreamSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest = new Uint8Array(0);

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  async read(target: Uint8Array): Promise<number> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return 0;
      this.#rest = value as Uint8Array<ArrayBuffer>;
    }
    const piece = this.#rest.subarray(0, target.length);
    target.set(piece);
    this.#rest = this.#rest.subarray(piece.length);
    return piece.length;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

function cancelled(): Failure {
  return new Failure("client_gone", "request body is not wanted any more");
}
