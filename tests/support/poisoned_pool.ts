/**
 * A pool whose idle buffers hold poison: who gives one back twice, or writes into one that it has given
 * back, is found out, and who reads from one sends what nobody has said. Pure.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { BufferPool } from "../../lib/http/http1/buffer_pool.ts";

const POISON = 0xee;

/** Lends buffers. */
export class PoisonedPool extends BufferPool {
  /** What was done against the rules. */
  readonly violations: string[] = [];
  readonly #idle = new Set<Uint8Array>();

  override take(): Uint8Array<ArrayBuffer> {
    const buffer = super.take();
    if (this.#idle.delete(buffer) && !isPoison(buffer)) {
      this.violations.push("an idle buffer was written to");
    }
    return buffer;
  }

  override give(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#idle.has(buffer)) return void this.violations.push("a buffer was given back twice");
    buffer.fill(POISON);
    const idle = this.idle;
    super.give(buffer);
    if (this.idle > idle) this.#idle.add(buffer);
  }
}

function isPoison(buffer: Uint8Array): boolean {
  return Buffer.compare(buffer, Buffer.alloc(buffer.length, POISON)) === 0;
}
