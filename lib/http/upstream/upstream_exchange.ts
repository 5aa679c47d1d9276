/**
 * One request and its response on one connection. The response may begin before the request has
 * ended; the exchange ends with the response. Then the connection goes back for reuse if both are
 * complete and nothing is left over, else it is closed; after 101 it becomes a tunnel.
 *
 * States: running -> ended. Every way out passes through `#end` once, which detaches the signal's
 * listener and stops the sender. Does I/O through the connection.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { errorText, Failure } from "../../base/failures.ts";
import { makeBodyReader } from "../http1/body_reader.ts";
import {
  isPersistent,
  readFraming,
  readResponseFraming,
  type ResponseFraming,
} from "../http1/framing.ts";
import type { ResponseHead } from "../http1/response_head.ts";
import type { Answer, HeaderLine, UpstreamRequest } from "../message.ts";
import { AnswerBody, type AnswerBodyOwner } from "./answer_body.ts";
import { mayAuthenticateConnection } from "./connection_auth.ts";
import { RequestSender } from "./request_sender.ts";
import { readResponseHead } from "./response_reader.ts";
import { isUpgradeAskedFor } from "./upgrade.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";

/** What an exchange is told, and whom it tells. */
export interface UpstreamExchangeOptions {
  readonly clock: Clock;
  /** The connection has carried an exchange before. */
  readonly isReused: boolean;
  /** Milliseconds of silence that are allowed. */
  readonly responseMs: number;
  /** Called for each interim response but 100, hop-by-hop fields included. */
  readonly onInterim?: (status: number, headers: readonly HeaderLine[]) => void;
  /** Called when the server is at fault that an answer which has begun does not come to its end. */
  readonly onCut?: (failure: Failure) => void;
  /** Takes the connection back, ready for another exchange; otherwise it has been closed. */
  readonly onReusable: (connection: UpstreamConnection) => void;
}

const NO_BYTES = new Uint8Array(0);

/** Runs one exchange. */
export class UpstreamExchange implements AnswerBodyOwner {
  readonly #connection: UpstreamConnection;
  readonly #request: UpstreamRequest;
  readonly #options: UpstreamExchangeOptions;
  readonly #sender: RequestSender;
  readonly #onAbort = () => this.#fail(new Failure("client_gone", "client left"));
  #isPersistent = false;
  #isEnded = false;

  constructor(
    connection: UpstreamConnection,
    request: UpstreamRequest,
    options: UpstreamExchangeOptions,
  ) {
    this.#connection = connection;
    this.#request = request;
    this.#options = options;
    this.#sender = new RequestSender(connection, request, {
      clock: options.clock,
      responseMs: options.responseMs,
      onFailure: (failure) => this.#fail(failure),
    });
  }

  /**
   * Sends the request and waits for the head of the final response.
   *
   * @param head The request's head, encoded; it is copied before this returns.
   * @throws {Failure} Of any kind but those of connecting. The connection is closed then, and the
   * request's body cancelled if it was read from.
   */
  async run(head: Uint8Array): Promise<Answer> {
    const { signal } = this.#request;
    signal.addEventListener("abort", this.#onAbort);
    try {
      if (signal.aborted) throw new Failure("client_gone", "client left");
      await this.#sender.start(head);
      const response = await readResponseHead(this.#connection, {
        isReused: this.#options.isReused,
        onInterim: (interim) => this.#noteInterim(interim),
      });
      return response.status === 101 ? this.#switch(response) : this.#receive(response);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** See {@linkcode AnswerBodyOwner}. */
  onWait(): void {
    this.#connection.setLimit(this.#options.responseMs);
  }

  /** See {@linkcode AnswerBodyOwner}. */
  onRead(): void {
    this.#connection.liftLimit();
  }

  /** See {@linkcode AnswerBodyOwner}. */
  onEnd(): void {
    this.#complete();
  }

  /** See {@linkcode AnswerBodyOwner}. */
  onFailure(error: unknown): Failure {
    const failure = this.#fail(error);
    if (failure.fault !== "client") this.#options.onCut?.(failure);
    return failure;
  }

  /** See {@linkcode AnswerBodyOwner}. */
  onCancel(): void {
    this.#fail(new Failure("client_gone", "response was not wanted any more"));
  }

  #receive(head: ResponseHead): Answer {
    const { status, reason, headers } = head;
    const framing = readResponseFraming(this.#request.method, head);
    if (framing.kind === "malformed") {
      throw new Failure("upstream_malformed", `Cannot read the response: ${framing.reason}`);
    }
    this.#sender.noteAnswer();
    this.#connection.liftLimit();
    this.#isPersistent = framing.kind !== "close" && isPersistent(head.version, headers) &&
      !(status === 204 && readFraming(headers).kind !== "none");
    if (framing.kind === "none" || (framing.kind === "length" && framing.length === 0)) {
      this.#complete();
      return { status, reason, headers, body: undefined };
    }
    return this.#receiveBody(head, framing);
  }

  #receiveBody(
    { status, reason, headers }: ResponseHead,
    framing: Exclude<ResponseFraming, { readonly kind: "none" | "malformed" }>,
  ): Answer {
    const reader = makeBodyReader(this.#connection, "upstream", framing);
    const length = framing.kind === "length" ? framing.length : undefined;
    // A body that is known not to be whole need not be copied out.
    const mayBeWhole = length === undefined || length <= this.#connection.bufferedBytes;
    const initial = mayBeWhole ? reader.readBuffered() : NO_BYTES;
    if (!reader.isEnded) {
      return { status, reason, headers, body: new AnswerBody(reader, this, { length, initial }) };
    }
    this.#complete();
    const body = initial.length === 0 ? undefined : initial;
    return { status, reason, headers, body, trailers: reader.trailers };
  }

  #switch({ status, reason, headers }: ResponseHead): Answer {
    const { upgrade } = this.#request;
    if (upgrade === undefined || !isUpgradeAskedFor(headers, upgrade)) {
      throw new Failure("upstream_malformed", "Cannot switch protocols: not asked for");
    }
    // Aborted meanwhile, it has been closed.
    if (!this.#end()) throw new Failure("client_gone", "client left");
    return { status, reason, headers, body: undefined, tunnel: this.#connection.release() };
  }

  /** A server that works on the request may say so for as long as it likes, up to a number. */
  #noteInterim({ status, headers }: ResponseHead): void {
    if (this.#sender.isSent) this.#connection.setLimit(this.#options.responseMs);
    if (status === 100) this.#sender.noteContinue();
    else this.#options.onInterim?.(status, headers);
  }

  /** The response is whole. */
  #complete(): void {
    const isReusable = this.#isPersistent && this.#sender.isInOrder &&
      this.#connection.bufferedBytes === 0 && !mayAuthenticateConnection(this.#request.headers);
    if (!this.#end()) return;
    if (isReusable) this.#options.onReusable(this.#connection);
    else this.#connection.close();
  }

  /** @returns Why the exchange has really ended: an earlier failure is the cause of the later ones. */
  #fail(error: unknown): Failure {
    const failure = error instanceof Failure
      ? error
      : new Failure("upstream_closed", errorText(error), { cause: error });
    if (this.#end()) this.#connection.end(failure);
    return this.#connection.failure ?? failure;
  }

  #end(): boolean {
    if (this.#isEnded) return false;
    this.#isEnded = true;
    this.#request.signal.removeEventListener("abort", this.#onAbort);
    this.#sender.stop();
    return true;
  }
}
