/**
 * Sends one request: the head, with the first piece of the body if that is there already, then the
 * rest while the response may be on its way. A body that does not have its stated length, or that
 * breaks off, is never ended as if it were whole. Does I/O through the connection.
 *
 * Cancels the body if it could not be sent whole, unless nothing was read from it and no answer came:
 * then it is still the caller's.
 *
 * States: head -> waiting for 100, if that was asked for -> body. Terminal states: sent (every byte
 * and the end), stopped.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { errorText, Failure } from "../../base/failures.ts";
import { CONTINUE_WAIT_MS } from "../../base/limits.ts";
import { encodeLastChunk } from "../http1/chunked_encoder.ts";
import type { Body, UpstreamRequest } from "../message.ts";
import { UploadBuffer } from "./upload_buffer.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";

/** Generous for a body that passes through a policy or two, and less than a microsecond. */
const MICROTASKS_FOR_FIRST_PIECE = 8;

const NO_BYTES = new Uint8Array(0);

/** Where bytes go that must not come; nobody looks at them. */
const SURPLUS = new Uint8Array(1);

/** What the sender is told, and whom it tells. */
export interface RequestSenderOptions {
  readonly clock: Clock;
  /** Limits a write while no answer has come. Milliseconds. */
  readonly responseMs: number;
  /** Called if the rest of the body cannot be sent and the exchange has to end. */
  readonly onFailure: (failure: Failure) => void;
}

/** Sends one request over one connection. */
export class RequestSender {
  readonly #connection: UpstreamConnection;
  readonly #request: UpstreamRequest;
  readonly #options: RequestSenderOptions;
  #continueTimer: Timer | undefined;
  #isWaiting = false;
  #isSent = false;
  #isStopped = false;
  #isAnswered = false;
  /** The server was asked whether it wants the body, and has not said so. */
  #isUninvited = false;
  #isInOrder = false;

  constructor(
    connection: UpstreamConnection,
    request: UpstreamRequest,
    options: RequestSenderOptions,
  ) {
    this.#connection = connection;
    this.#request = request;
    this.#options = options;
  }

  /** The whole request has been written. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /**
   * The whole request had been written when the answer came, and its body was wanted: the connection
   * may carry another one. A server that answers before may not read the rest as a body: that is how
   * requests are smuggled by a pause in the middle, or by Expect.
   */
  get isInOrder(): boolean {
    return this.#isInOrder;
  }

  /**
   * Writes the head and what there is of the body; the rest follows without being waited for. A
   * server that does not take the bytes is no failure yet: it may have answered already.
   *
   * @param head Is copied before this returns.
   * @throws {Failure} If the body cannot be read, or the connection was ended from this side.
   */
  start(head: Uint8Array): Promise<void> {
    const { body, expectsContinue } = this.#request;
    this.#connection.setLimit(this.#options.responseMs);
    if (body === undefined || body.length === 0) return this.#sendHead(head, false);
    if (expectsContinue) return this.#sendHead(head, true);
    return this.#sendWithFirstPiece(head, body);
  }

  /** Says that the server wants the body (100). Nothing happens if it was not asked, or has it. */
  noteContinue(): void {
    this.#isUninvited = false;
    this.#sendAwaited();
  }

  #sendAwaited(): void {
    const { body } = this.#request;
    if (!this.#isWaiting || body === undefined) return;
    this.#stopWaiting();
    const buffer = this.#makeBuffer(body, NO_BYTES);
    void this.#sendRest(body, buffer, this.#read(body, buffer));
  }

  /**
   * Says that the answer's head is there: from now on its body's silence is what is limited. A server
   * that was asked whether it wants the body, and answers instead, does not get it.
   */
  noteAnswer(): void {
    this.#isAnswered = true;
    this.#isInOrder = this.#isSent && !this.#isUninvited;
    if (this.#isWaiting) this.stop();
    else if (this.#isStopped) this.#letBodyGo();
  }

  /** Sends nothing more and lets the body go. May be called again. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#stopWaiting();
    this.#letBodyGo();
  }

  #letBodyGo(): void {
    const { body } = this.#request;
    if (body === undefined || this.#isSent) return;
    if (body.isTouched || this.#isAnswered) body.cancel();
  }

  async #sendHead(head: Uint8Array, isBodyAnnounced: boolean): Promise<void> {
    const bytes = this.#connection.sendBuffer(head.length).subarray(0, head.length);
    bytes.set(head);
    try {
      await this.#connection.write(bytes);
    } catch {
      this.#noteUnwritten();
    }
    if (this.#isStopped) return;
    if (isBodyAnnounced) this.#waitForContinue();
    else this.#isSent = true;
  }

  #waitForContinue(): void {
    this.#isWaiting = this.#isUninvited = true;
    this.#connection.liftLimit();
    this.#continueTimer = this.#options.clock.after(CONTINUE_WAIT_MS, () => this.#sendAwaited());
  }

  #stopWaiting(): void {
    this.#isWaiting = false;
    this.#continueTimer?.cancel();
    this.#continueTimer = undefined;
  }

  async #sendWithFirstPiece(head: Uint8Array, body: Body): Promise<void> {
    const buffer = this.#makeBuffer(body, head.slice());
    const first = this.#read(body, buffer);
    const count = await countAtHand(first);
    if (count === undefined || count === 0) {
      await this.#write(buffer.takeHead());
      void this.#sendRest(body, buffer, first);
    } else {
      await this.#write(buffer.takePiece(count));
      buffer.next(count);
      void this.#sendRest(body, buffer, this.#read(body, buffer));
    }
  }

  #makeBuffer({ length }: Body, head: Uint8Array): UploadBuffer {
    const allocate = (bytes: number) => this.#connection.sendBuffer(bytes);
    return new UploadBuffer({ length, head, allocate });
  }

  /** Nothing more may come once the stated length has; only asking shows that it was true. */
  #read(body: Body, buffer: UploadBuffer): Promise<number> {
    if (this.#isStopped) return Promise.resolve(0);
    const count = body.read(buffer.leftBytes === 0 ? SURPLUS : buffer.room);
    // Reported where the result is awaited, which may be after it has failed.
    count.catch(() => {});
    return count;
  }

  async #sendRest(body: Body, buffer: UploadBuffer, first: Promise<number>): Promise<void> {
    try {
      for (let next = first; !this.#isStopped; next = this.#read(body, buffer)) {
        if (buffer.leftBytes === 0) this.#noteSent();
        else if (!this.#isAnswered) this.#connection.liftLimit();
        const count = await next;
        if (this.#isStopped) return;
        if (count === 0) return await this.#finish(body, buffer);
        if (buffer.leftBytes === 0) throw tooLong(body);
        await this.#writeLimited(buffer.takePiece(count));
        buffer.next(count);
      }
    } catch (error) {
      if (!this.#isStopped) this.#options.onFailure(bodyFailure(error));
    }
  }

  async #finish(body: Body, buffer: UploadBuffer): Promise<void> {
    if (body.length === undefined) {
      await this.#writeLimited(encodeLastChunk(body.trailers, this.#request.headers));
    } else if (buffer.leftBytes > 0) {
      const text = `request body ended ${buffer.leftBytes} bytes early`;
      throw new Failure("client_malformed", text);
    }
    this.#noteSent();
  }

  /** From here on the server owes an answer. */
  #noteSent(): void {
    if (this.#isSent || this.#isStopped) return;
    this.#isSent = true;
    if (!this.#isAnswered) this.#connection.setLimit(this.#options.responseMs);
  }

  #writeLimited(bytes: Uint8Array): Promise<void> {
    if (!this.#isAnswered) this.#connection.setLimit(this.#options.responseMs);
    return this.#write(bytes);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#connection.write(bytes);
    } catch {
      this.#noteUnwritten();
    }
  }

  /** The server takes no more, but may have said why: the reader finds an answer, or the end. */
  #noteUnwritten(): void {
    if (this.#connection.failure !== undefined) throw this.#connection.failure;
    this.stop();
    if (!this.#isAnswered) this.#connection.setLimit(this.#options.responseMs);
  }
}

/**
 * Returns what is there already and does not wait for more: a client may wait for an answer to the
 * head alone. Bytes in memory take some microtasks to be handed out.
 */
async function countAtHand(first: Promise<number>): Promise<number | undefined> {
  let count: number | undefined;
  const settled = first.then((result) => {
    count = result;
  });
  try {
    for (let turn = 0; turn < MICROTASKS_FOR_FIRST_PIECE && count === undefined; turn++) {
      await Promise.race([settled, undefined]);
    }
  } catch (error) {
    throw bodyFailure(error);
  }
  return count;
}

function bodyFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const text = `request body broke off: ${errorText(error)}`;
  return new Failure("client_gone", text, { cause: error });
}

function tooLong({ length }: Body): Failure {
  return new Failure("client_malformed", `request body is longer than its ${length} bytes`);
}
