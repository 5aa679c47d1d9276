/**
 * One request to the runtime's HTTP/2 server: finds out who is behind the hop, reads the exchange, gives
 * it to the application and has the runtime write the answer. Counts it in flight for as long as its
 * client may be waited for; the runtime knows no limits of that kind, and the relay ends hops on which
 * nothing is in flight. Does I/O through what it is given. Input comes from strangers.
 *
 * States: serving -> over (terminal), when the runtime has sent the answer or lost the client, or when a
 * client has taken nothing for too long. Its stream stays with the runtime then, until the client takes
 * something or its connection ends.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { Failure } from "../base/failures.ts";
import type { Hop } from "../hop/address_book.ts";
import { plainAnswer } from "./answer.ts";
import { AnswerStream } from "./answer_stream.ts";
import {
  answerDefect,
  type LoopbackEnvironment,
  type LoopbackOptions,
  refuseUnknownHop,
} from "./loopback_server.ts";
import type { Answer, Body } from "./message.ts";
import { readExchange } from "./read_exchange.ts";
import { toResponse } from "./to_response.ts";

/** What a request is served with. */
export interface Http2RequestOptions extends Pick<LoopbackOptions, "application" | "environment"> {
  /** With cheap timers: each answer that streams sets one. */
  readonly clock: Clock;
}

/** Serves one request. */
export class Http2Request {
  readonly #request: Request;
  readonly #options: Http2RequestOptions;
  #hop: Hop | undefined;
  #stream: AnswerStream | undefined;
  #isOver = false;

  constructor(request: Request, options: Http2RequestOptions) {
    this.#request = request;
    this.#options = options;
  }

  /** @param listenerPort Of the listener that it came to. @throws {unknown} What the application does. */
  async serve(info: Deno.ServeHandlerInfo<Deno.NetAddr>, listenerPort: number): Promise<Response> {
    const answering = this.#answer(info, listenerPort);
    const answer = answering instanceof Promise ? await answering : answering;
    return toResponse(this.#request.method, answer, (body) => this.#send(body));
  }

  #answer(
    { completed, remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>,
    listenerPort: number,
  ): Answer | Promise<Answer> {
    const { application, clock, environment } = this.#options;
    const { book, counters } = environment;
    const { hostname: sourceIp, port: sourcePort } = remoteAddr;
    const hop = book.find({ sourceIp, sourcePort, listenerPort }, clock.monotonic());
    if (hop === undefined || !book.begin(hop)) return refuseUnknownHop(environment, sourceIp);
    this.#hop = hop;
    // Settles in every case, also when the client has left before the answer; a rejection says that
    // the client left in the middle, which the proxying has learned by itself.
    completed.then(() => this.#end(), () => this.#end());
    counters.add("requests");
    const onSilent = () => counters.add("body_timeout");
    const read = readExchange(this.#request, hop.client, { clock, onSilent });
    if (read.kind === "exchange") return application.answer(read.exchange);
    counters.add("request_refused");
    return plainAnswer(read.status, read.reason);
  }

  #send(body: Body): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#stream = new AnswerStream(body, {
      clock: this.#options.clock,
      onStalled: () => this.#noteStalled(),
    });
    // The client has left meanwhile: nobody would say so another time.
    if (this.#isOver) this.#stream.settle();
    return this.#stream.readable;
  }

  #noteStalled(): void {
    const { counters, log, sampler } = this.#options.environment;
    counters.add("answer_timeout");
    const heldBack = sampler.admit("answer_timeout");
    if (heldBack !== undefined) {
      const client = this.#hop?.client.ip;
      log.info("Gave up an answer whose client takes nothing of it", { client, heldBack });
    }
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream?.settle();
    const { clock, environment: { book } } = this.#options;
    if (this.#hop !== undefined) book.end(this.#hop, clock.monotonic());
  }
}

/**
 * Answers for the runtime when serving has failed; it also asks when the stream of an answer breaks
 * off, and has no use for the answer then.
 */
export function answerHttp2Error(environment: LoopbackEnvironment, error: unknown): Response {
  const isByClient = error instanceof Failure && error.fault === "client";
  return new Response(null, {
    status: isByClient ? error.status : answerDefect(environment, error).status,
  });
}
