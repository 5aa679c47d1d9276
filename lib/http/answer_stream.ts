/**
 * Turns the body of an answer into a stream for the runtime's HTTP/2 server, and gives up a client that
 * takes nothing of it: the runtime would wait for ever, and with it the server that sends the body.
 * Nothing is read before the runtime asks, so a slow client slows the server and no memory fills.
 * Trailers do not pass: the runtime cannot send them. Does I/O through the body.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { Failure } from "../base/failures.ts";
import { BODY_READ_BYTES, CLIENT_WRITE_TIMEOUT_MS } from "../base/limits.ts";
import { Watchdog } from "../base/watchdog.ts";
import type { Body } from "./message.ts";

/** What the stream works with. */
export interface AnswerStreamOptions {
  readonly clock: Clock;
  /** Called once if the client is given up. The body has been cancelled then, the stream has failed. */
  readonly onStalled: () => void;
}

/**
 * One answer on its way. States: open -> whole (the runtime has all bytes, the client need not), or cut
 * (cancelled, or the body broke off); from open and whole -> given up. {@linkcode AnswerStream.settle}
 * ends the watch in every state.
 */
export class AnswerStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #body: Body;
  readonly #onStalled: () => void;
  /** Set while nothing is asked for: then it is the client that is waited for. */
  readonly #limit: Watchdog;
  #controller: ReadableByteStreamController | undefined;
  #isOpen = true;

  /** @param body Belongs to the stream from here on: cancelling the stream cancels it. */
  constructor(body: Body, { clock, onStalled }: AnswerStreamOptions) {
    this.#body = body;
    this.#onStalled = onStalled;
    this.#limit = new Watchdog(clock, () => this.#giveUp());
    this.#limit.set(CLIENT_WRITE_TIMEOUT_MS);
    this.readable = new ReadableStream({
      type: "bytes",
      // A short body needs no long buffer, and one byte at least is what the runtime asks for.
      autoAllocateChunkSize: Math.min(BODY_READ_BYTES, Math.max(1, body.length ?? BODY_READ_BYTES)),
      start: (controller) => void (this.#controller = controller),
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#cut(),
    });
  }

  /** Says that the answer has been sent, or its client has gone: nobody is waited for any more. */
  settle(): void {
    this.#limit.stop();
  }

  async #pull(controller: ReadableByteStreamController): Promise<void> {
    this.#limit.lift();
    const request = controller.byobRequest as ReadableStreamBYOBRequest;
    const count = await this.#body.read(request.view as Uint8Array);
    if (!this.#isOpen) return;
    if (count === 0) {
      this.#isOpen = false;
      // Before the view is answered, which cannot be done with no bytes otherwise (Streams §4.7.4).
      controller.close();
    }
    request.respond(count);
    this.#limit.set(CLIENT_WRITE_TIMEOUT_MS);
  }

  #cut(): void {
    this.#isOpen = false;
    this.#limit.stop();
    this.#body.cancel();
  }

  /** The stream is reset as soon as the client takes what is on its way already. */
  #giveUp(): void {
    if (this.#isOpen) {
      this.#cut();
      this.#controller?.error(new Failure("client_gone", "client took nothing of its answer"));
    }
    this.#onStalled();
  }
}
