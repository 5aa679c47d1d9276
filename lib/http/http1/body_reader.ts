/**
 * Reads the body of a message from its connection, to its end and not a byte further, in each of the
 * three ways in which it may be framed (RFC 9112 §6.3); the same for requests and responses. Knows no
 * time limits. Does I/O through the connection. Input comes from strangers.
 *
 * @module
 */
import { Failure } from "../../base/failures.ts";
import { CHUNK_WORK_BYTES } from "../../base/limits.ts";
import { Turns } from "../../base/turns.ts";
import type { HeaderLine } from "../message.ts";
import { ChunkedDecoder } from "./chunked_decoder.ts";

/** Where the bytes come from: a {@linkcode BufferedConnection}, or one around it. */
export interface BodyInput {
  /** See `BufferedConnection`. */
  readonly buffered: Uint8Array;
  take(count: number): void;
  fill(): Promise<number | null>;
  readInto(target: Uint8Array): Promise<number | null>;
}

/** Who sends the body, and so whose fault it is if it is cut off or malformed. */
export type BodySender = "client" | "upstream";

/** Reads one body. */
export interface BodyReader {
  /** The last byte has been read, and the trailer section if there is one. */
  readonly isEnded: boolean;
  /** Empty before the end. */
  readonly trailers: readonly HeaderLine[];
  /**
   * Returns what has come with the head already, without waiting: bytes in memory of their own,
   * often the whole body.
   */
  readBuffered(): Uint8Array;
  /**
   * Reads into `target`, waiting for the server if need be.
   *
   * @returns How many bytes; 0 only at the end.
   * @throws {Failure} `upstream_closed` or `client_gone` if the body is cut off, `upstream_malformed`,
   * `upstream_too_large` or `client_malformed`, or the reason why the connection was ended.
   */
  read(target: Uint8Array): Promise<number>;
}

/** Makes the reader for a body that is there. @param framing.length Bytes, for `length` only. */
export function makeBodyReader(
  input: BodyInput,
  sender: BodySender,
  framing: { readonly kind: "length" | "chunked" | "close"; readonly length?: number },
): BodyReader {
  if (framing.kind === "chunked") return new ChunkedBodyReader(input, sender);
  if (framing.kind === "close") return new CloseBodyReader(input);
  return new LengthBodyReader(input, sender, framing.length ?? 0);
}

const NO_TRAILERS: readonly HeaderLine[] = [];

class LengthBodyReader implements BodyReader {
  readonly trailers = NO_TRAILERS;
  readonly #input: BodyInput;
  readonly #sender: BodySender;
  #left: number;

  constructor(input: BodyInput, sender: BodySender, length: number) {
    this.#input = input;
    this.#sender = sender;
    this.#left = length;
  }

  get isEnded(): boolean {
    return this.#left === 0;
  }

  readBuffered(): Uint8Array {
    const bytes = this.#input.buffered.slice(0, this.#left);
    this.#input.take(bytes.length);
    this.#left -= bytes.length;
    return bytes;
  }

  async read(target: Uint8Array): Promise<number> {
    if (this.#left === 0) return 0;
    const room = this.#left < target.length ? target.subarray(0, this.#left) : target;
    const count = await this.#input.readInto(room);
    if (count === null) throw cutOff(this.#sender, `${this.#left} bytes are missing`);
    this.#left -= count;
    return count;
  }
}

/**
 * So much of one chunk is read to where it is wanted, past the buffer; of less, several chunks may fit
 * into the buffer at once.
 */
const DIRECT_MIN_BYTES = 16 * 1024;

class ChunkedBodyReader implements BodyReader {
  readonly #input: BodyInput;
  readonly #sender: BodySender;
  readonly #decoder = new ChunkedDecoder();
  /** Whoever reads counts bytes; of chunks of one byte each, there are thousands in what is read at once. */
  readonly #turns = new Turns();
  #isEnded = false;

  constructor(input: BodyInput, sender: BodySender) {
    this.#input = input;
    this.#sender = sender;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get trailers(): readonly HeaderLine[] {
    return this.#decoder.trailers;
  }

  readBuffered(): Uint8Array {
    const target = new Uint8Array(this.#input.buffered.length);
    return target.subarray(0, this.#decode(target));
  }

  async read(target: Uint8Array): Promise<number> {
    for (;;) {
      const count = this.#decode(target);
      const turn = this.#turns.take(this.#decoder.chunks * CHUNK_WORK_BYTES);
      if (turn !== undefined) await turn;
      if (count > 0 || this.#isEnded) return count;
      const directBytes = Math.min(this.#decoder.dataLeft, target.length);
      const isDirect = directBytes >= DIRECT_MIN_BYTES;
      const read = isDirect
        ? await this.#input.readInto(target.subarray(0, directBytes))
        : await this.#input.fill();
      if (read === null) throw cutOff(this.#sender, "the last chunk is missing");
      if (!isDirect) continue;
      this.#decoder.skipData(read);
      return read;
    }
  }

  #decode(target: Uint8Array): number {
    if (this.#isEnded) return 0;
    const state = this.#decoder.decode(this.#input.buffered, target);
    if (state === "malformed") {
      throw malformed(this.#sender, "chunks break the grammar");
    }
    if (state === "too_large") {
      throw tooLarge(this.#sender, "chunk line or trailer section is over its limit");
    }
    this.#input.take(this.#decoder.consumed);
    this.#isEnded = state === "end";
    return this.#decoder.produced;
  }
}

class CloseBodyReader implements BodyReader {
  readonly trailers = NO_TRAILERS;
  readonly #input: BodyInput;
  #isEnded = false;

  constructor(input: BodyInput) {
    this.#input = input;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  readBuffered(): Uint8Array {
    const bytes = this.#input.buffered.slice();
    this.#input.take(bytes.length);
    return bytes;
  }

  async read(target: Uint8Array): Promise<number> {
    if (this.#isEnded) return 0;
    const count = await this.#input.readInto(target);
    this.#isEnded = count === null;
    return count ?? 0;
  }
}

function cutOff(sender: BodySender, what: string): Failure {
  if (sender === "client") {
    return new Failure("client_gone", `client left within the body: ${what}`);
  }
  return new Failure("upstream_closed", `server closed the connection within the body: ${what}`);
}

function malformed(sender: BodySender, what: string): Failure {
  if (sender === "client") return new Failure("client_malformed", `Cannot read the body: ${what}`);
  return new Failure("upstream_malformed", `Cannot read the response: ${what}`);
}

function tooLarge(sender: BodySender, what: string): Failure {
  return new Failure(sender === "client" ? "client_malformed" : "upstream_too_large", what);
}
