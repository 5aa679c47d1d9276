/**
 * A connection whose peer always has more to say and takes everything at once, as a fast one does for as
 * long as it likes: reads and writes never wait. Whoever loops over it has to let others have a turn by
 * itself.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Connection } from "../../lib/http/connection.ts";

/** Far more than fits between two turns, far less than a test would wait for. */
const STEPS_MAX = 100_000;

/** Says the same again and again until it is closed. */
export class EndlessConnection implements Connection {
  readonly #words: Uint8Array;
  readonly #opening: Uint8Array;
  #isClosed = false;
  steps = 0;

  /** @param words Said again and again. @param opening Said once, before. */
  constructor(words: Uint8Array, opening: Uint8Array = new Uint8Array()) {
    this.#words = words;
    this.#opening = opening;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const words = this.steps === 0 && this.#opening.length > 0 ? this.#opening : this.#words;
    const piece = words.subarray(0, buffer.length);
    buffer.set(piece);
    return this.#step(piece.length);
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#step(0);
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Ends by itself after many steps, so that a test whose loop gives no turns fails and does not hang. */
  #step(count: number): Promise<number> {
    const isOver = this.#isClosed || this.steps === STEPS_MAX;
    if (!isOver) this.steps++;
    return isOver ? Promise.reject(new Error("closed")) : Promise.resolve(count);
  }

  /** Waits for a timer, which fires soon only if whoever reads lets it; then closes the connection. */
  async checkTurns(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.close();
    assert.ok(this.steps > 0, "nothing was read");
    assert.ok(this.steps < STEPS_MAX, "no timer had a turn");
  }
}
