/**
 * Turns the stream of a request's body, as the runtime's HTTP/2 server gives it, into a
 * {@linkcode Body}. Nothing is read before somebody asks, so a slow reader slows the client and no
 * memory fills; a client that is silent for too long is given up. Trailers do not pass: the runtime does
 * not show them. Does I/O through what it is given. Input comes from strangers.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { errorText, Failure } from "../base/failures.ts";
import { BODY_READ_BYTES, CLIENT_BODY_TIMEOUT_MS } from "../base/limits.ts";
import { Watchdog } from "../base/watchdog.ts";
import type { Body, HeaderLine } from "./message.ts";

/** What is known of a stream beside its bytes. */
export interface StreamToBodyOptions {
  /** Bytes in all; undefined = not known. Passed on, and not compared with what comes. */
  readonly length: number | undefined;
  /**
   * Aborts when the client leaves. An HTTP/2 stream that is reset with CANCEL or NO_ERROR ends in the
   * runtime like a whole body, but its signal has been aborted by then: such an end is a failure.
   */
  readonly signal?: AbortSignal;
  /** Ends the wait for a client that is silent; undefined = it is waited for without end. */
  readonly silence?: SilenceLimit;
}

/** What is done about a client that sends nothing while its body is being read. */
export interface SilenceLimit {
  readonly clock: Clock;
  /** Called once, after {@linkcode CLIENT_BODY_TIMEOUT_MS}. */
  readonly onSilent: () => void;
}

/**
 * Makes a body that reads from the client's stream when it is read, and locks it not before.
 *
 * @returns A body whose reads fail with `client_gone` if the stream breaks off or has been cancelled,
 * and with `client_silent` if the client sends nothing for too long.
 */
export function streamToBody(
  stream: ReadableStream<Uint8Array>,
  options: StreamToBodyOptions,
): Body {
  return new StreamBody(stream, options);
}

const NO_TRAILERS: readonly HeaderLine[] = [];

/** States: untouched -> reading -> ended, or from everywhere -> given up, with the reason. */
class StreamBody implements Body {
  readonly length: number | undefined;
  readonly trailers = NO_TRAILERS;
  readonly #stream: ReadableStream<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  readonly #silence: SilenceLimit | undefined;
  #limit: Watchdog | undefined;
  #source: StreamSource | undefined;
  #failure: Failure | undefined;

  constructor(stream: ReadableStream<Uint8Array>, options: StreamToBodyOptions) {
    this.length = options.length;
    this.#stream = stream;
    this.#signal = options.signal;
    this.#silence = options.silence;
  }

  get isTouched(): boolean {
    return this.#source !== undefined;
  }

  async read(target: Uint8Array): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure;
    const source = this.#source ??= this.#open();
    this.#limit?.set(CLIENT_BODY_TIMEOUT_MS);
    let count = 0;
    try {
      count = await readFrom(source, target);
    } finally {
      if (count === 0) this.#limit?.stop();
      else this.#limit?.lift();
    }
    // Giving up ends a pending read as if the body were whole.
    if (this.#failure !== undefined) throw this.#failure;
    if (count === 0 && this.#signal?.aborted) throw new Failure("client_gone", "client left");
    return count;
  }

  cancel(): void {
    this.#giveUp(new Failure("client_gone", "request body is not wanted any more"));
  }

  #open(): StreamSource {
    if (this.#silence !== undefined) {
      const { clock, onSilent } = this.#silence;
      this.#limit = new Watchdog(clock, () => {
        this.#giveUp(new Failure("client_silent", "client sent nothing for too long"));
        onSilent();
      });
    }
    return openSource(this.#stream, this.length);
  }

  #giveUp(failure: Failure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#limit?.stop();
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
