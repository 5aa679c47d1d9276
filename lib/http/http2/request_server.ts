/**
 * Serves the requests of one connection: finds out who is behind the hop, makes the exchange, has the
 * application answer it and hands the answer on. Counts each request in flight until its answer has left.
 * Does I/O through what it is given. Input comes from strangers.
 *
 * @module
 */
import type { Endpoint } from "../../base/addresses.ts";
import { Failure } from "../../base/failures.ts";
import { discardBody } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import { HopClient, type HopSource } from "../hop_client.ts";
import { answerDefect, refuseUnknownHop } from "../loopback_server.ts";
import type { Answer } from "../message.ts";
import { refuseRequest, reportRefusal } from "../refusal.ts";
import type { ServerContext } from "../server_context.ts";
import { type AbuseBudget, COST } from "./abuse_budget.ts";
import type { AnswerWriter } from "./answer_writer.ts";
import { ERROR_CODE } from "./error_codes.ts";
import { FieldError } from "./hpack/field_encoder.ts";
import type { RequestHead } from "./request_fields.ts";
import type { Stream } from "./stream.ts";
import type { StreamTable } from "./stream_table.ts";

/** What requests are served with, and whom that tells. */
export interface RequestServerOptions {
  readonly budget: AbuseBudget;
  readonly context: ServerContext;
  readonly remote: HopSource;
  readonly streams: StreamTable;
  readonly writer: AnswerWriter;
  /** Called when the connection is not one of the relay's: it is to end after the answer. */
  readonly onUnknownHop: () => void;
}

/** Why a request is answered without an application. */
export interface RequestRefusal {
  readonly status: number;
  readonly reason: string;
}

/** Serves requests. */
export class RequestServer {
  readonly #options: RequestServerOptions;
  readonly #client: HopClient;
  /** Of exchanges that were not aborted: making one costs a microsecond. */
  readonly #controllers: AbortController[] = [];
  /** Answered, and still counted until the answers have left. */
  #leaving = 0;

  constructor(options: RequestServerOptions) {
    this.#options = options;
    this.#client = new HopClient(options.context, options.remote);
  }

  /** The address of the client, as far as it is known. */
  get client(): string | undefined {
    return this.#client.endpoint?.ip;
  }

  /** Has the application answer a request; its stream is open. */
  serve(stream: Stream, head: RequestHead): void {
    const client = this.#begin(stream);
    if (client === undefined) return;
    stream.controller = this.#controllers.pop() ?? new AbortController();
    let answering: Answer | Promise<Answer>;
    try {
      answering = this.#options.context.application.answer(
        this.#makeExchange(stream, head, client),
      );
    } catch (error) {
      return this.#answerDefect(stream, error);
    }
    if (!(answering instanceof Promise)) return this.#take(stream, answering);
    answering.then(
      (answer) => this.#take(stream, answer),
      (error) => this.#answerDefect(stream, error),
    );
  }

  /** Answers a request that no application gets to see. @throws {Http2Error} If that is too much. */
  refuse(stream: Stream, { status, reason }: RequestRefusal): void {
    const client = this.#begin(stream);
    if (client === undefined) return;
    const answer = refuseRequest({ client }, { status, reason });
    // It could be HEAD, which has no body (RFC 9110 §9.3.2).
    const isUnknown = stream.method === undefined;
    this.#take(stream, isUnknown ? { ...answer, body: undefined } : answer);
    this.#options.budget.spend(COST.refused, "requests that are refused");
  }

  /** Counts a request out, as soon as its answer has left. */
  noteOver(stream: Stream): void {
    const { controller } = stream;
    if (stream.isCounted) this.#leaving++;
    if (controller === undefined || controller.signal.aborted) return;
    this.#options.budget.earnRequest();
    this.#controllers.push(controller);
  }

  /** Counts the requests out whose answers have left. */
  noteLeft(): void {
    for (; this.#leaving > 0; this.#leaving--) this.#client.end();
  }

  /** Counts the request in flight. @returns undefined if the relay does not know its connection. */
  #begin(stream: Stream): Endpoint | undefined {
    const { context: { environment }, onUnknownHop, remote } = this.#options;
    const client = this.#client.begin();
    if (client === undefined) {
      this.#take(stream, refuseUnknownHop(environment, remote.hostname));
      onUnknownHop();
      return undefined;
    }
    stream.isCounted = true;
    environment.counters.add("requests");
    return client;
  }

  /** A plain record, which policies copy with other fields. */
  #makeExchange(stream: Stream, head: RequestHead, client: Endpoint): Exchange {
    const { authority } = head;
    return {
      method: head.method,
      target: head.target,
      authority,
      hostname: this.#client.hostnameOf(authority),
      headers: head.headers,
      body: stream.body,
      scheme: "https",
      httpVersion: "2",
      client,
      signal: stream.controller!.signal,
      // RFC 9113 §8.6: there is no Upgrade.
      upgrade: undefined,
      expectsContinue: head.expectsContinue,
      sendInterim: (status, headers) => {
        const isInterim = status > 101 && status < 200;
        const isBeforeAnswer = !stream.isAnswered && !stream.isClosed;
        if (isInterim && isBeforeAnswer) this.#options.writer.writeInterim(stream, status, headers);
      },
    };
  }

  /** Takes an answer, whether or not anybody waits for it any more. Never throws. */
  #take(stream: Stream, answer: Answer): void {
    if (!isPossible(answer)) {
      discardBody(answer);
      const error = new Error(`${answer.status} is no answer to this request`);
      return this.#answerDefect(stream, error);
    }
    reportRefusal(this.#options.context.environment, answer);
    if (stream.isClosed) {
      discardBody(answer);
      return this.#options.streams.settleAnswered(stream);
    }
    stream.isAnswered = true;
    try {
      this.#options.writer.write(stream, answer);
    } catch (error) {
      discardBody(answer);
      if (error instanceof FieldError) this.#answerDefect(stream, error);
      else this.#giveUp(stream, error);
    }
  }

  /** A defect of the application, or of what it has answered, is answered, too. Never throws. */
  #answerDefect(stream: Stream, error: unknown): void {
    const { context, streams, writer } = this.#options;
    const answer = answerDefect(context.environment, error);
    // Or what it has asked an upstream for would stay open: nobody reads it, and so nothing limits it.
    stream.controller?.abort(new Failure("client_gone", "the request was given up"));
    streams.settleAnswered(stream);
    if (stream.isClosed) return;
    try {
      writer.write(stream, answer);
    } catch (again) {
      this.#giveUp(stream, again);
    }
  }

  /** Nobody knows how much of the answer has been written. */
  #giveUp(stream: Stream, error: unknown): void {
    const { context, streams } = this.#options;
    answerDefect(context.environment, error);
    if (!stream.isClosed) streams.reset(stream, ERROR_CODE.internalError);
  }
}

/** Says whether an application may answer so over HTTP/2. */
function isPossible({ status, tunnel }: Answer): boolean {
  return status >= 200 && status <= 599 && tunnel === undefined;
}
