/**
 * One request and its response on one connection. The response may begin before the request has
 * ended; the exchange ends with the response. Then the connection goes back for reuse if both are
 * complete and nothing is left over, else it is closed.
 *
 * States: running -> ended. Every way out passes through `#end` once, which detaches the signal's
 * listener and stops the sender. Does I/O through the connection.
 *
 * @module
 */
import { errorText, Failure } from "../../base/failures.ts";
import { isPersistent, readFraming, readResponseFraming } from "../http1/framing.ts";
import type { ResponseHead } from "../http1/response_head.ts";
import type { HeaderLine, UpstreamRequest, UpstreamResponse } from "../message.ts";
import { type BodyReader, makeBodyReader } from "./body_reader.ts";
import { makeBodyStream } from "./body_stream.ts";
import { RequestSender } from "./request_sender.ts";
import { readResponseHead } from "./response_reader.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";

/** What an exchange is told, and whom it tells. */
export interface UpstreamExchangeOptions {
  /** The connection has carried an exchange before. */
  readonly isReused: boolean;
  /** Milliseconds of silence that are allowed. */
  readonly responseMs: number;
  readonly onInterim?: (status: number, headers: readonly HeaderLine[]) => void;
  /** Takes the connection back, ready for another exchange; otherwise it has been closed. */
  readonly onReusable: (connection: UpstreamConnection) => void;
}

const noTrailers = (): readonly HeaderLine[] => [];

/** Runs one exchange. */
export class UpstreamExchange {
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
      responseMs: options.responseMs,
      onFailure: (failure) => this.#fail(failure),
    });
  }

  /**
   * Sends the request and waits for the head of the final response.
   *
   * @param head The request's head, encoded.
   * @throws {Failure} Of any kind but those of connecting. The connection is closed then.
   */
  async run(head: Uint8Array): Promise<UpstreamResponse> {
    const { signal } = this.#request;
    signal.addEventListener("abort", this.#onAbort, { once: true });
    try {
      if (signal.aborted) throw new Failure("client_gone", "client left");
      await this.#sender.start(head);
      const response = await readResponseHead(this.#connection, {
        isReused: this.#options.isReused,
        onInterim: (interim) => this.#noteInterim(interim),
      });
      this.#sender.noteAnswer();
      this.#connection.liftLimit();
      return this.#receive(response);
    } catch (error) {
      throw this.#fail(asFailure(error));
    }
  }

  #receive(head: ResponseHead): UpstreamResponse {
    const { status, reason, headers } = head;
    const framing = readResponseFraming(this.#request.method, head);
    if (framing.kind === "malformed") {
      throw new Failure("upstream_malformed", `Cannot read the response: ${framing.reason}`);
    }
    this.#isPersistent = framing.kind !== "close" && isPersistent(head.version, headers) &&
      !(status === 204 && readFraming(headers).kind !== "none");
    const response = { status, reason, headers, trailers: noTrailers };
    if (framing.kind === "none") {
      this.#complete();
      return { ...response, body: undefined, bodyLength: undefined };
    }
    const reader = makeBodyReader(this.#connection, framing);
    const initial = reader.readBuffered();
    const trailers = () => reader.trailers;
    if (reader.isEnded) {
      this.#complete();
      const body = initial.length === 0 ? undefined : initial;
      return { ...response, body, bodyLength: initial.length, trailers };
    }
    const bodyLength = framing.kind === "length" ? framing.length : undefined;
    return { ...response, body: this.#stream(reader, initial), bodyLength, trailers };
  }

  #stream(reader: BodyReader, initial: Uint8Array): ReadableStream<Uint8Array> {
    const source = {
      read: (target: Uint8Array) => this.#readBody(reader, target),
      cancel: () => void this.#fail(new Failure("client_gone", "response was not wanted any more")),
    };
    return makeBodyStream(source, initial);
  }

  async #readBody(reader: BodyReader, target: Uint8Array): Promise<number> {
    try {
      this.#connection.setLimit(this.#options.responseMs);
      const count = await reader.read(target);
      this.#connection.liftLimit();
      if (reader.isEnded) this.#complete();
      return count;
    } catch (error) {
      throw this.#fail(asFailure(error));
    }
  }

  /** A server that works on the request may say so for as long as it likes, up to a number. */
  #noteInterim(head: ResponseHead): void {
    if (this.#sender.isSent) this.#connection.setLimit(this.#options.responseMs);
    this.#options.onInterim?.(head.status, head.headers);
  }

  /** The response is whole. */
  #complete(): void {
    const isReusable = this.#isPersistent && this.#sender.isSent &&
      this.#connection.buffered.length === 0;
    if (!this.#end()) return;
    if (isReusable) this.#options.onReusable(this.#connection);
    else this.#connection.close();
  }

  /** @returns Why the exchange has really ended: an earlier failure is the cause of the later ones. */
  #fail(failure: Failure): Failure {
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

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure("upstream_closed", errorText(error), { cause: error });
}
