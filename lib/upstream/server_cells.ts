/**
 * Numbers about servers that outlive every configuration and that all threads share: how many
 * connections each has open, and whether it is down. Who needs one takes its cell by a name, and finds
 * the same cell again after a reload. Does no I/O.
 *
 * @module
 */
import { SERVER_CELLS_MAX } from "../base/limits.ts";

/** Reads 0 for ever: of servers that nobody checks. */
export const ZERO_CELL = 0;

/** For the counts of servers that have found no cell free. Nobody reads it. */
const SPILL_CELL = 1;

const FIRST_FREE_CELL = 2;

/** The cells and who has which. Threads other than the one that made it know only the memory. */
export class ServerCells {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #byName = new Map<string, number>();
  readonly #free: number[] = [];
  #next = FIRST_FREE_CELL;

  /** @param capacity How many cells there are; pages that no cell uses take none of the host's. */
  constructor(capacity: number = SERVER_CELLS_MAX) {
    this.memory = new SharedArrayBuffer(4 * capacity);
    this.#cells = new Int32Array(this.memory);
  }

  /** Returns the count's cell of this name; a new one is 0. If all are taken, one that counts for nobody. */
  countCell(name: string): number {
    return this.#cell(`count ${name}`) ?? SPILL_CELL;
  }

  /** Returns the flag's cell of this name; a new one is 0. If all are taken, {@linkcode ZERO_CELL}. */
  flagCell(name: string): number {
    return this.#cell(`flag ${name}`) ?? ZERO_CELL;
  }

  /** Returns what a cell holds. */
  get(cell: number): number {
    return Atomics.load(this.#cells, cell);
  }

  /** Sets a flag. */
  setFlag(cell: number, isSet: boolean): void {
    if (cell !== ZERO_CELL) Atomics.store(this.#cells, cell, isSet ? 1 : 0);
  }

  /** Adds to a count. */
  add(cell: number, amount: number): void {
    Atomics.add(this.#cells, cell, amount);
  }

  /**
   * Gives cells back whose names are not needed any more. A count stays until it is 0: connections of
   * an older configuration still have it. One that is opened later, by a client that was let in
   * before the reload, counts for the cell's next owner until it ends: no harm is done.
   */
  retain(
    names: { readonly counts: ReadonlySet<string>; readonly flags: ReadonlySet<string> },
  ): void {
    for (const [name, cell] of this.#byName) {
      const isFlag = name.startsWith("flag ");
      const plain = name.slice(name.indexOf(" ") + 1);
      if ((isFlag ? names.flags : names.counts).has(plain)) continue;
      if (isFlag) this.setFlag(cell, false);
      else if (this.get(cell) !== 0) continue;
      this.#byName.delete(name);
      this.#free.push(cell);
    }
  }

  #cell(name: string): number | undefined {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const cell = this.#free.pop() ?? (this.#next < this.#cells.length ? this.#next++ : undefined);
    if (cell !== undefined) this.#byName.set(name, cell);
    return cell;
  }
}
