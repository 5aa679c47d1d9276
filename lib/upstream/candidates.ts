/**
 * The servers of an upstream that may be chosen now. Filled in again for each choice, so that choosing
 * allocates nothing. Pure.
 *
 * @module
 */
import type { FlatUpstream } from "./flat_upstream.ts";

/** A set of positions. */
export class Candidates {
  #positions = new Int32Array(8);
  #isIn = new Uint8Array(8);
  #count = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Returns the position of one of them. @param index 0 to the count less 1, in rising order at first. */
  at(index: number): number {
    return this.#positions[index];
  }

  /** Says whether a server is among them. */
  has(position: number): boolean {
    return this.#isIn[position] === 1;
  }

  /**
   * Takes the servers that are up and were not tried; backups only if there are no others.
   *
   * @param tried Positions.
   */
  fill(upstream: FlatUpstream, tried: readonly number[] | undefined): void {
    if (upstream.count > this.#positions.length) {
      this.#positions = new Int32Array(2 * upstream.count);
      this.#isIn = new Uint8Array(2 * upstream.count);
    } else this.#isIn.fill(0, 0, upstream.count);
    this.#count = 0;
    this.#take(upstream, tried, false);
    if (this.#count === 0) this.#take(upstream, tried, true);
  }

  /** Takes one out; the others' indexes below it stay. */
  remove(index: number): void {
    this.#isIn[this.#positions[index]] = 0;
    this.#positions.copyWithin(index, index + 1, this.#count);
    this.#count--;
  }

  #take(upstream: FlatUpstream, tried: readonly number[] | undefined, areBackups: boolean): void {
    for (let position = 0; position < upstream.count; position++) {
      if (upstream.isBackup(position) !== areBackups || !upstream.isUp(position)) continue;
      if (tried !== undefined && tried.includes(position)) continue;
      this.#positions[this.#count++] = position;
      this.#isIn[position] = 1;
    }
  }
}
