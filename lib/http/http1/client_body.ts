/**
 * The body of a client's request, as its application reads it: asks for it with 100 (Continue) if the
 * client waits for that, and gives up on a client that is silent for too long. Does I/O. Input comes
 * from strangers.
 *
 * States: untouched -> reading -> ended; from each of them -> given up (terminal), by whoever does not
 * want it any more or because the exchange is over.
 *
 * @module
 */
import { Failure } from "../../base/failures.ts";
import { Turns } from "../../base/turns.ts";
import type { Body, HeaderLine } from "../message.ts";
import { type BodyReader, makeBodyReader } from "./body_reader.ts";
import type { ClientInput } from "./client_input.ts";
import type { RequestFraming } from "./parse_request.ts";

/** What a body needs of its connection. */
export interface ClientBodyOptions {
  /** Called before the first read if the client waits for it. */
  readonly sendContinue: (() => Promise<void>) | undefined;
  /** Limits the wait that begins. */
  readonly beginWait: () => void;
  /** Lifts the limit. */
  readonly endWait: () => void;
  /** Called when the last byte has been read. */
  readonly onEnd: () => void;
}

/** The body of one request. */
export class ClientBody implements Body {
  readonly length: number | undefined;
  readonly #input: ClientInput;
  readonly #reader: BodyReader;
  readonly #options: ClientBodyOptions;
  readonly #turns = new Turns();
  /** The read that somebody waits for. */
  #current: Promise<number> | undefined;
  #readBytes = 0;
  #isTouched = false;
  #isGivenUp = false;

  constructor(
    input: ClientInput,
    framing: Exclude<RequestFraming, { kind: "none" }>,
    options: ClientBodyOptions,
  ) {
    this.length = framing.kind === "length" ? framing.length : undefined;
    this.#input = input;
    this.#reader = makeBodyReader(input, "client", framing);
    this.#options = options;
  }

  get isTouched(): boolean {
    return this.#isTouched;
  }

  get trailers(): readonly HeaderLine[] {
    return this.#reader.trailers;
  }

  /** Whether its last byte has been read: what follows belongs to the next request. */
  get isEnded(): boolean {
    return this.#reader.isEnded;
  }

  /** Whether the client waits for 100 (Continue), and so may never send the body. */
  get isAwaited(): boolean {
    return !this.#isTouched && this.#options.sendContinue !== undefined;
  }

  /** Bytes that are still to come; undefined if only the client knows. */
  get leftBytes(): number | undefined {
    return this.length === undefined ? undefined : this.length - this.#readBytes;
  }

  async read(target: Uint8Array): Promise<number> {
    if (this.#isGivenUp) throw givenUp();
    const current = this.#current = this.#readLimited(target);
    const count = await current;
    this.#current = undefined;
    if (this.#isGivenUp) throw givenUp();
    return count;
  }

  cancel(): void {
    this.#isGivenUp = true;
  }

  /** Gives the body up and waits until nobody reads from the connection on its behalf. */
  async settle(): Promise<void> {
    this.#isGivenUp = true;
    try {
      await this.#current;
    } catch {
      // Whoever has asked for these bytes is told why there are none.
    }
  }

  /**
   * Reads on for nobody, after {@linkcode settle}. Does not limit the time.
   *
   * @param scratch What is read goes there and is dropped.
   * @param maxBytes Where to give up.
   * @returns Whether the end was reached.
   */
  async drain(scratch: Uint8Array, maxBytes: number): Promise<boolean> {
    try {
      for (let left = maxBytes; left > 0 && !this.isEnded;) left -= await this.#read(scratch);
    } catch (error) {
      // Cut off or malformed: it has no end, and nobody is left to be told so.
      if (!(error instanceof Failure)) throw error;
    }
    return this.isEnded;
  }

  /** RFC 9110 §10.1.1: not needed where the client has begun to send. */
  async #touch(): Promise<void> {
    this.#isTouched = true;
    if (this.#input.bufferedBytes === 0) await this.#options.sendContinue?.();
  }

  async #readLimited(target: Uint8Array): Promise<number> {
    if (!this.#isTouched) await this.#touch();
    this.#options.beginWait();
    try {
      return await this.#read(target);
    } finally {
      this.#options.endWait();
    }
  }

  async #read(target: Uint8Array): Promise<number> {
    if (this.isEnded) return 0;
    const count = await this.#reader.read(target);
    this.#readBytes += count;
    if (this.isEnded) this.#options.onEnd();
    const turn = this.#turns.take(count);
    if (turn !== undefined) await turn;
    return count;
  }
}

function givenUp(): Failure {
  return new Failure("client_gone", "the request body is not wanted any more");
}
