/**
 * Writes what a field block is made of (RFC 7541 §5): integers, and strings without Huffman code. Looks
 * at the characters as it goes. Pure.
 *
 * @module
 */
import { isFieldValueCode } from "../../http1/grammar.ts";
import { decodeLatin1 } from "../../http1/latin1.ts";

/** Bytes behind the prefix of any number below 2^28: 256 MiB is enough, and nothing overflows. */
export const INTEGER_MAX_BYTES = 4;

/** The prefix of a string's length; the bit before it would say that it is Huffman-coded. */
const LENGTH_PREFIX_MAX = 0x7f;

const NOTHING = new Uint8Array(0);

/** By code, 1 for what stands in no field value. */
const UNFIT = Uint8Array.from({ length: 256 }, (_, code) => isFieldValueCode(code) ? 0 : 1);

/** Thrown where a field cannot be sent; it says why, and not what it is. */
export class FieldError extends Error {
  override readonly name = "FieldError";
}

/** Writes one block after another. */
export class BlockWriter {
  #target: Uint8Array = NOTHING;
  #at = 0;

  /** Where the next byte goes. */
  get at(): number {
    return this.#at;
  }

  /** Begins at `at`; the caller has seen to the room. */
  begin(target: Uint8Array, at: number): void {
    this.#target = target;
    this.#at = at;
  }

  /** Lets go of the memory that was written to. */
  end(): void {
    this.#target = NOTHING;
  }

  /**
   * Writes an integer (§5.1).
   *
   * @param first The bits that stand before the prefix.
   * @param prefixMax The prefix's bits, all of them ones.
   * @param value From 0, below 2^28.
   */
  integer(first: number, prefixMax: number, value: number): void {
    const target = this.#target;
    if (value < prefixMax) {
      target[this.#at++] = first | value;
      return;
    }
    target[this.#at++] = first | prefixMax;
    let rest = value - prefixMax;
    for (; rest >= 0x80; rest >>>= 7) target[this.#at++] = 0x80 | (rest & 0x7f);
    target[this.#at++] = rest;
  }

  /**
   * Writes a string (§5.2).
   *
   * @throws {FieldError} If it holds control characters, or any beyond latin1.
   */
  text(text: string): void {
    this.integer(0, LENGTH_PREFIX_MAX, text.length);
    // In local variables, for the loop's sake.
    const target = this.#target;
    const at = this.#at;
    let unfit = 0;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      unfit |= UNFIT[code & 0xff] | (code >> 8);
      target[at + index] = code;
    }
    if (unfit !== 0) throw new FieldError("a value holds characters of no field");
    this.#at = at + text.length;
  }

  /**
   * Returns the last characters written as text of its own: what was given may be a slice that keeps
   * a whole head of an upstream's in memory.
   */
  lastText(length: number): string {
    return decodeLatin1(this.#target.subarray(this.#at - length, this.#at));
  }
}
