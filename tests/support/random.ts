/**
 * Random numbers that a seed repeats: a failing fuzz test prints its seed in its name.
 *
 * @module
 */

/** A stream of random numbers (mulberry32), the same for the same seed. */
export class Random {
  #state: number;

  /** @param seed An unsigned 32-bit number. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** @returns An integer from 0 to `below - 1`. */
  below(below: number): number {
    this.#state = this.#state + 0x6d2b79f5 | 0;
    let value = Math.imul(this.#state ^ this.#state >>> 15, 1 | this.#state);
    value = value + Math.imul(value ^ value >>> 7, 61 | value) ^ value;
    return Math.floor(((value ^ value >>> 14) >>> 0) / 2 ** 32 * below);
  }

  /** @returns `count` random bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  /** @returns One of the items. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** @returns Where to cut `length` bytes: rising ends of random pieces, the last one `length`. */
  cuts(length: number, pieceMaxBytes: number): number[] {
    const ends: number[] = [];
    for (let end = 0; end < length;) {
      end = Math.min(length, end + 1 + this.below(pieceMaxBytes));
      ends.push(end);
    }
    return ends;
  }
}
