/**
 * A cursor over bytes of a stranger that cannot leave them: reading too far gives zeros and sets
 * `failed`, so that a parser asks once after several reads. Pure; nothing is copied but texts.
 *
 * @module
 */

/** Reads big-endian numbers and length-prefixed vectors (RFC 8446 §3.4). Never throws. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #position: number;
  #end: number;
  #failed = false;

  /** @param start Where to begin, 0 to `bytes.length`. */
  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = bytes.length;
  }

  /** Whether some read asked for more than there was. It stays so. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Bytes not read yet; 0 after a failure, so that loops over the rest end. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  /** @returns The next byte, or 0 after a failure. */
  uint8(): number {
    const at = this.#advance(1);
    return this.#failed ? 0 : this.#bytes[at];
  }

  /** @returns The next two bytes as a number, or 0 after a failure. */
  uint16(): number {
    const at = this.#advance(2);
    return this.#failed ? 0 : this.#bytes[at] << 8 | this.#bytes[at + 1];
  }

  /** Passes over `count` bytes. */
  skip(count: number): void {
    this.#advance(count);
  }

  /** @returns The next `count` bytes, one character for each, or "" after a failure. */
  text(count: number): string {
    const at = this.#advance(count);
    if (this.#failed) return "";
    return String.fromCharCode(...this.#bytes.subarray(at, at + count));
  }

  /**
   * Reads a length and passes over as many bytes.
   *
   * @param lengthBytes How wide the length is, 1 or 2 bytes.
   * @returns A reader of those bytes only; an empty one after a failure.
   */
  vector(lengthBytes: 1 | 2): ByteReader {
    return this.take(lengthBytes === 1 ? this.uint8() : this.uint16());
  }

  /** @returns A reader of the next `count` bytes only; an empty one after a failure. */
  take(count: number): ByteReader {
    const at = this.#advance(count);
    const reader = new ByteReader(this.#bytes, at);
    reader.#end = this.#position;
    return reader;
  }

  /** @returns Where the bytes passed over begin; the end of all after a failure. */
  #advance(count: number): number {
    const at = this.#position;
    if (count > this.#end - at) {
      this.#failed = true;
      this.#position = this.#end;
      return this.#end;
    }
    this.#position = at + count;
    return at;
  }
}
