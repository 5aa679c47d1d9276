/**
 * Reads the body of a response from its connection, to its end and not a byte further, in each of
 * the three ways in which it may be framed (RFC 9112 §6.3). Knows no time limits. Does I/O through
 * the connection. Input comes from strangers.
 *
 * @module
 */
import { Failure } from "../../base/failures.ts";
import { ChunkedDecoder } from "../http1/chunked_decoder.ts";
import type { HeaderLine } from "../message.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";

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
   * @throws {Failure} `upstream_closed` if the body is cut off, `upstream_malformed`,
   * `upstream_too_large`, or the reason why the connection was ended.
   */
  read(target: Uint8Array): Promise<number>;
}

/** Makes the reader for a body that is there. @param length Bytes, for `length` only. */
export function makeBodyReader(
  connection: UpstreamConnection,
  framing: { readonly kind: "length" | "chunked" | "close"; readonly length?: number },
): BodyReader {
  if (framing.kind === "chunked") return new ChunkedBodyReader(connection);
  if (framing.kind === "close") return new CloseBodyReader(connection);
  return new LengthBodyReader(connection, framing.length ?? 0);
}

const NO_TRAILERS: readonly HeaderLine[] = [];

class LengthBodyReader implements BodyReader {
  readonly trailers = NO_TRAILERS;
  readonly #connection: UpstreamConnection;
  #left: number;

  constructor(connection: UpstreamConnection, length: number) {
    this.#connection = connection;
    this.#left = length;
  }

  get isEnded(): boolean {
    return this.#left === 0;
  }

  readBuffered(): Uint8Array {
    const bytes = this.#connection.buffered.slice(0, this.#left);
    this.#connection.take(bytes.length);
    this.#left -= bytes.length;
    return bytes;
  }

  async read(target: Uint8Array): Promise<number> {
    if (this.#left === 0) return 0;
    const room = this.#left < target.length ? target.subarray(0, this.#left) : target;
    const count = await this.#connection.readInto(room);
    if (count === null) throw cutOff(`${this.#left} bytes are missing`);
    this.#left -= count;
    return count;
  }
}

class ChunkedBodyReader implements BodyReader {
  readonly #connection: UpstreamConnection;
  readonly #decoder = new ChunkedDecoder();
  #isEnded = false;

  constructor(connection: UpstreamConnection) {
    this.#connection = connection;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get trailers(): readonly HeaderLine[] {
    return this.#decoder.trailers;
  }

  readBuffered(): Uint8Array {
    const target = new Uint8Array(this.#connection.buffered.length);
    return target.subarray(0, this.#decode(target));
  }

  async read(target: Uint8Array): Promise<number> {
    for (;;) {
      const count = this.#decode(target);
      if (count > 0 || this.#isEnded) return count;
      if (await this.#connection.fill() === null) throw cutOff("the last chunk is missing");
    }
  }

  #decode(target: Uint8Array): number {
    if (this.#isEnded) return 0;
    const state = this.#decoder.decode(this.#connection.buffered, target);
    if (state === "malformed") {
      throw new Failure("upstream_malformed", "Cannot read the response: chunks break the grammar");
    }
    if (state === "too_large") {
      throw new Failure("upstream_too_large", "chunk line or trailer section is over its limit");
    }
    this.#connection.take(this.#decoder.consumed);
    this.#isEnded = state === "end";
    return this.#decoder.produced;
  }
}

class CloseBodyReader implements BodyReader {
  readonly trailers = NO_TRAILERS;
  readonly #connection: UpstreamConnection;
  #isEnded = false;

  constructor(connection: UpstreamConnection) {
    this.#connection = connection;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  readBuffered(): Uint8Array {
    const bytes = this.#connection.buffered.slice();
    this.#connection.take(bytes.length);
    return bytes;
  }

  async read(target: Uint8Array): Promise<number> {
    if (this.#isEnded) return 0;
    const count = await this.#connection.readInto(target);
    this.#isEnded = count === null;
    return count ?? 0;
  }
}

function cutOff(what: string): Failure {
  return new Failure("upstream_closed", `server closed the connection within the body: ${what}`);
}
