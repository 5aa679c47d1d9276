/**
 * A body that is compressed while it is read: reads ahead one piece, so that a slow reader slows the
 * sender, and gives out what it has when the sender pauses. Ends as the body behind it does.
 *
 * Open until it has been read to its end, has failed, or is cancelled; its slot and its compressor are
 * given back then.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { Failure } from "../../base/failures.ts";
import { COMPRESS_FLUSH_PAUSE_MS, COMPRESS_PIECE_BYTES } from "../../base/limits.ts";
import { Turns } from "../../base/turns.ts";
import type { Body, HeaderLine } from "../message.ts";
import type { CompressionSlot } from "./compression_slots.ts";
import type { Compressor } from "./compressor.ts";

/** What a compressed body is made of. */
export interface CompressedBodyOptions {
  readonly clock: Clock;
  readonly compressor: Compressor;
  readonly slot: CompressionSlot;
}

const NOTHING = new Uint8Array(0);

/** The length is not known before the end. */
export class CompressedBody implements Body {
  readonly length = undefined;
  readonly #source: Body;
  readonly #options: CompressedBodyOptions;
  readonly #piece = new Uint8Array(COMPRESS_PIECE_BYTES);
  readonly #turns = new Turns();
  /** What came out and has not been read. */
  #output: Uint8Array = NOTHING;
  /** A read that the source has not answered. */
  #reading: Promise<number> | undefined;
  /** Bytes have gone in that may not have come out. */
  #isHolding = false;
  #isBusy = false;
  #state: "open" | "ended" | "cancelled" = "open";

  constructor(source: Body, options: CompressedBodyOptions) {
    this.#source = source;
    this.#options = options;
  }

  get trailers(): readonly HeaderLine[] {
    return this.#source.trailers;
  }

  get isTouched(): boolean {
    return this.#source.isTouched;
  }

  async read(target: Uint8Array): Promise<number> {
    while (this.#output.length === 0 && this.#state === "open") await this.#advance();
    if (this.#state === "cancelled") throw new Failure("client_gone", "answer was given up");
    const count = Math.min(target.length, this.#output.length);
    target.set(this.#output.subarray(0, count));
    this.#output = this.#output.subarray(count);
    return count;
  }

  cancel(): void {
    if (this.#state !== "cancelled") this.#source.cancel();
    this.#finish("cancelled");
  }

  /** One step: a piece, a flush or the end. */
  async #advance(): Promise<void> {
    try {
      const count = await this.#readPiece();
      // A cancelled source may end its pending read like a whole body.
      if (this.#state !== "open") return;
      await this.#compress(count);
      // What comes out may be a thousandth of what goes in, and whoever reads counts only that.
      const turn = this.#turns.take(count ?? 0);
      if (turn !== undefined) await turn;
    } catch (error) {
      this.#finish("cancelled");
      this.#source.cancel();
      throw error;
    }
  }

  /** @returns undefined if the source pauses while there is something to bring out. */
  async #readPiece(): Promise<number | undefined> {
    this.#reading ??= this.#source.read(this.#piece);
    const count = this.#isHolding ? await this.#withinPause(this.#reading) : await this.#reading;
    if (count !== undefined) this.#reading = undefined;
    return count;
  }

  /** @returns undefined if the wait is over first; the read goes on then. */
  #withinPause(reading: Promise<number>): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(COMPRESS_FLUSH_PAUSE_MS, () => resolve(undefined));
      // A failure that comes after the pause is met by the next step, which waits for the same read.
      reading.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  async #compress(count: number | undefined): Promise<void> {
    const { compressor } = this.#options;
    this.#isBusy = true;
    try {
      if (count === undefined) this.#output = await compressor.flush();
      else if (count === 0) this.#output = await compressor.end();
      else this.#output = await compressor.write(this.#piece.subarray(0, count));
    } finally {
      this.#isBusy = false;
      if (this.#state === "cancelled") compressor.close();
    }
    this.#isHolding = count !== undefined && count > 0;
    if (count === 0) this.#finish("ended");
  }

  #finish(state: "ended" | "cancelled"): void {
    if (this.#state === "open") this.#options.slot.release();
    if (this.#state !== "cancelled") this.#state = state;
    // In the middle of a call its memory is in use; it is closed behind that.
    if (!this.#isBusy) this.#options.compressor.close();
  }
}
