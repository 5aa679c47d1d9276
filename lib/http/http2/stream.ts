/**
 * One stream: a request and its answer (RFC 9113 §5.1). Pure.
 *
 * States: `open` -> `half_closed_remote` (the request is whole) -> `closed`; or `open` ->
 * `half_closed_local` (answered before the request was whole) -> `closed`; from each of them ->
 * `closed` (terminal), by a reset of either side or with the connection. A stream has a place until it is
 * answered, also if it is closed before: a client that resets its requests must not have more of them
 * served at a time than others (CVE-2023-44487).
 *
 * @module
 */
import type { AnswerSender } from "./answer_sender.ts";
import type { RequestBody } from "./request_body.ts";
import { SendWindow } from "./windows.ts";

/** See above. */
export type StreamState = "open" | "half_closed_remote" | "half_closed_local" | "closed";

/** A stream that has a place. */
export class Stream {
  readonly id: number;
  /** What may be sent on it. */
  readonly window: SendWindow;
  /** Of the request; undefined = its head was too large to be kept. */
  method: string | undefined;
  /** undefined = the request has none, or is not read. */
  body: RequestBody | undefined;
  /** Sends what is left of the answer. */
  sender: AnswerSender | undefined;
  /** Aborts the exchange; undefined = none was made. */
  controller: AbortController | undefined;
  /** Counted in the address book. */
  isCounted = false;
  /** The application has answered, or was never asked. */
  isAnswered = false;
  #state: StreamState;

  /** @param options.windowBytes What it may be sent unasked. */
  constructor(
    id: number,
    options: { readonly windowBytes: number; readonly isRequestWhole: boolean },
  ) {
    this.id = id;
    this.window = new SendWindow(options.windowBytes);
    this.#state = options.isRequestWhole ? "half_closed_remote" : "open";
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Whether frames of the request may come. */
  get isReceiving(): boolean {
    return this.#state === "open" || this.#state === "half_closed_local";
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** The client has sent END_STREAM. */
  endRequest(): void {
    this.#state = this.#state === "half_closed_local" ? "closed" : "half_closed_remote";
  }

  /** We have sent END_STREAM. */
  endAnswer(): void {
    this.#state = this.#state === "half_closed_remote" ? "closed" : "half_closed_local";
  }

  /** Either side has reset it, or the connection has ended. */
  close(): void {
    this.#state = "closed";
  }
}
