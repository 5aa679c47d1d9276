/**
 * Latencies as a histogram of fixed size, so that a load keeps nothing per request. Pure.
 *
 * @module
 */

/** The width of a bucket: what a figure may be wrong by. */
const BUCKET_MS = 0.01;

/** Longer ones count as this long: 2 s. */
const BUCKETS = 200_000;

/** Latencies so far. */
export class Latencies {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;

  /** How many have been added. */
  get count(): number {
    return this.#count;
  }

  /** Adds one. @param ms Milliseconds from 0 on. */
  add(ms: number): void {
    this.#buckets[Math.min(BUCKETS - 1, Math.floor(ms / BUCKET_MS))]++;
    this.#count++;
  }

  /**
   * Returns the milliseconds that a share of all did not exceed, rounded up to 10 us.
   *
   * @param share Above 0 up to 1; 0.99 for p99.
   * @throws {RangeError} If none has been added.
   */
  percentile(share: number): number {
    if (this.#count === 0) throw new RangeError("There is no percentile of nothing");
    const wanted = Math.ceil(this.#count * share);
    let bucket = 0;
    for (let seen = this.#buckets[0]; seen < wanted; seen += this.#buckets[bucket]) bucket++;
    return (bucket + 1) * BUCKET_MS;
  }
}
