/**
 * The memory a request is written from: its head, and behind it one piece of its body after another,
 * read to where they are sent from. Chunks are framed in place, so no byte of a body is copied. Grows
 * once a body turns out to fill it. Pure.
 *
 * @module
 */
import { BODY_READ_BYTES, HEAD_WITH_BODY_MAX_BYTES } from "../../base/limits.ts";
import { CHUNK_END_BYTES, CHUNK_START_MAX_BYTES, frameChunk } from "../http1/chunked_encoder.ts";

const NO_BYTES = new Uint8Array(0);

/** What the body is like. */
export interface UploadBufferOptions {
  /** Bytes in all, at least one; undefined = chunked. */
  readonly length: number | undefined;
  /** Sent before the body; empty if it has been sent. Not changed while the buffer is in use. */
  readonly head: Uint8Array;
  /** Gives memory of at least so many bytes, which nobody else uses while the body is sent. */
  readonly allocate: (bytes: number) => Uint8Array;
}

/** Holds one piece at a time: {@linkcode room} is filled, then the bytes to write are asked for. */
export class UploadBuffer {
  readonly #isChunked: boolean;
  #head: Uint8Array;
  #leftBytes: number;
  #buffer: Uint8Array;
  #dataStart: number;
  #roomBytes: number;

  constructor({ length = Infinity, head, allocate }: UploadBufferOptions) {
    this.#isChunked = length === Infinity;
    this.#head = head;
    this.#leftBytes = length;
    this.#roomBytes = Math.min(length, HEAD_WITH_BODY_MAX_BYTES);
    this.#dataStart = head.length + (this.#isChunked ? CHUNK_START_MAX_BYTES : 0);
    this.#buffer = allocate(this.#dataStart + this.#roomBytes + CHUNK_END_BYTES);
  }

  /** How many bytes of the body are still to come; Infinity if that is not known. */
  get leftBytes(): number {
    return this.#leftBytes;
  }

  /** Where the next piece belongs; never more than is left. */
  get room(): Uint8Array {
    const bytes = Math.min(this.#roomBytes, this.#leftBytes);
    return this.#buffer.subarray(this.#dataStart, this.#dataStart + bytes);
  }

  /** Returns the head alone, while the first piece is being waited for. */
  takeHead(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#head.length);
    bytes.set(this.#head);
    this.#head = NO_BYTES;
    return bytes;
  }

  /**
   * Returns the piece as it has to be written, valid until {@linkcode next}; with the head before it,
   * if that was not taken.
   *
   * @param count Bytes that have been put into {@linkcode room}, at least one.
   */
  takePiece(count: number): Uint8Array {
    this.#leftBytes -= count;
    const dataEnd = this.#dataStart + count;
    const start = this.#isChunked
      ? frameChunk(this.#buffer, this.#dataStart, count)
      : this.#dataStart;
    const end = this.#isChunked ? dataEnd + CHUNK_END_BYTES : dataEnd;
    const headStart = start - this.#head.length;
    this.#buffer.set(this.#head, headStart);
    this.#head = NO_BYTES;
    return this.#buffer.subarray(headStart, end);
  }

  /** Says that the piece has been written. @param count Its bytes: if it filled the room, that grows. */
  next(count: number): void {
    if (count < this.#roomBytes || this.#roomBytes === BODY_READ_BYTES) return;
    this.#roomBytes = BODY_READ_BYTES;
    this.#dataStart = CHUNK_START_MAX_BYTES;
    this.#buffer = new Uint8Array(
      this.#dataStart + Math.min(this.#leftBytes, BODY_READ_BYTES) + CHUNK_END_BYTES,
    );
  }
}
