/**
 * The body of an answer, read from its connection straight into the memory of whoever reads it. Whose
 * exchange it belongs to is told when a read begins, when it has ended, and what went wrong. Does I/O
 * through the reader.
 *
 * @module
 */
import type { BodyReader } from "../http1/body_reader.ts";
import type { Body, HeaderLine } from "../message.ts";

/** The exchange, as its answer's body sees it. */
export interface AnswerBodyOwner {
  /** A read begins that may have to wait. */
  onWait(): void;
  /** It is over. */
  onRead(): void;
  /** The last byte has been read. */
  onEnd(): void;
  /** @returns What the reader of the body is told. */
  onFailure(error: unknown): Error;
  /** Nobody reads on. */
  onCancel(): void;
}

/** States: reading -> ended, or failed, or cancelled; the owner knows which. */
export class AnswerBody implements Body {
  readonly length: number | undefined;
  readonly #reader: BodyReader;
  readonly #owner: AnswerBodyOwner;
  /** Came with the head, decoded already. */
  #initial: Uint8Array;
  #isTouched = false;

  /**
   * @param reader Not at its end.
   * @param options.initial What the reader has given before; may be empty.
   */
  constructor(
    reader: BodyReader,
    owner: AnswerBodyOwner,
    options: { readonly length: number | undefined; readonly initial: Uint8Array },
  ) {
    this.#reader = reader;
    this.#owner = owner;
    this.length = options.length;
    this.#initial = options.initial;
  }

  get isTouched(): boolean {
    return this.#isTouched;
  }

  get trailers(): readonly HeaderLine[] {
    return this.#reader.trailers;
  }

  async read(target: Uint8Array): Promise<number> {
    this.#isTouched = true;
    if (this.#initial.length > 0) return this.#takeInitial(target);
    // The connection may carry another exchange by now.
    if (this.#reader.isEnded) return 0;
    const owner = this.#owner;
    try {
      owner.onWait();
      const count = await this.#reader.read(target);
      owner.onRead();
      if (this.#reader.isEnded) owner.onEnd();
      return count;
    } catch (error) {
      throw owner.onFailure(error);
    }
  }

  cancel(): void {
    if (!this.#reader.isEnded) this.#owner.onCancel();
  }

  #takeInitial(target: Uint8Array): number {
    const piece = this.#initial.subarray(0, target.length);
    target.set(piece);
    this.#initial = this.#initial.subarray(piece.length);
    return piece.length;
  }
}
