/**
 * Lets so many works run at one time; the others wait in line. Does no I/O.
 *
 * @module
 */

/** A gate. Work that is called off while it waits still has its turn, and should end at once then. */
export class WorkGate {
  readonly #most: number;
  #running = 0;
  readonly #line: (() => void)[] = [];

  /** @param most At one time. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Runs a work when it is its turn. @throws {unknown} Whatever the work throws. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#most) {
      await new Promise<void>((resolve) => this.#line.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      // Its place goes to the next one, or is free.
      const next = this.#line.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
