/**
 * A field block that comes in several frames: HEADERS, and CONTINUATION up to the one that ends it (RFC
 * 9113 §4.3, §6.10). Bounded, for it has to be kept until it is whole (CVE-2024-27316). Pure. Input
 * comes from strangers.
 *
 * States: closed -> open -> closed ….
 *
 * @module
 */
import { HTTP2_CONTINUATIONS_MAX, HTTP2_FIELD_BLOCK_MAX_BYTES } from "../../base/http2_limits.ts";
import { ERROR_CODE, Http2Error } from "./error_codes.ts";

const NO_BYTES = new Uint8Array(0);

/** Gathers one block at a time. */
export class FieldBlock {
  #stream = 0;
  #endsStream = false;
  #frames = 0;
  #bytes = NO_BYTES;
  #end = 0;

  /** Whether a block is open: nothing but its CONTINUATION may come then. */
  get isOpen(): boolean {
    return this.#stream !== 0;
  }

  /** Of the block that is open; 0 = none is. */
  get stream(): number {
    return this.#stream;
  }

  /** Whether its HEADERS frame said that no body follows. */
  get endsStream(): boolean {
    return this.#endsStream;
  }

  /** Opens a block. @param fragment Its first bytes, which are copied. */
  open(stream: number, fragment: Uint8Array, endsStream: boolean): void {
    this.#stream = stream;
    this.#endsStream = endsStream;
    this.#frames = 0;
    this.#bytes = new Uint8Array(2 * fragment.length);
    this.#end = 0;
    this.#append(fragment);
  }

  /** Adds what a CONTINUATION frame holds. @throws {Http2Error} `enhanceYourCalm` if it is too much. */
  add(fragment: Uint8Array): void {
    if (
      ++this.#frames > HTTP2_CONTINUATIONS_MAX ||
      this.#end + fragment.length > HTTP2_FIELD_BLOCK_MAX_BYTES
    ) {
      throw new Http2Error(ERROR_CODE.enhanceYourCalm, "a field block is too long");
    }
    this.#append(fragment);
  }

  /** Closes the block. @returns All of it. */
  close(): Uint8Array {
    const block = this.#bytes.subarray(0, this.#end);
    this.#stream = 0;
    this.#bytes = NO_BYTES;
    return block;
  }

  #append(fragment: Uint8Array): void {
    const end = this.#end + fragment.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = larger;
    }
    this.#bytes.set(fragment, this.#end);
    this.#end = end;
  }
}
