/**
 * One client's connection: reads a request, has the application answer it, writes the answer, and so
 * on for as long as both sides want it to live. Pipelined requests wait for the answer before them.
 *
 * States: `waiting` (for a head) -> `answering` -> `waiting` …; `answering` -> `leaving` (answered for
 * the last time, the client may still be sending), or -> `tunnelling` (another protocol). Terminal
 * state: `closed`. Every way out passes through `#close` once. Does I/O. Input comes from strangers.
 *
 * @module
 */
import type { Endpoint } from "../../base/addresses.ts";
import { Failure } from "../../base/failures.ts";
import {
  CLIENT_BODY_TIMEOUT_MS,
  REQUEST_DRAIN_MAX_BYTES,
  REQUEST_LINGER_MS,
} from "../../base/limits.ts";
import { Watchdog } from "../../base/watchdog.ts";
import { discardBody, plainAnswer } from "../answer.ts";
import type { Connection } from "../connection.ts";
import type { Exchange } from "../exchange.ts";
import { HopClient, type HopSource } from "../hop_client.ts";
import { answerDefect, refuseUnknownHop } from "../loopback_server.ts";
import type { Answer, Tunnel } from "../message.ts";
import { refuseRequest, reportRefusal } from "../refusal.ts";
import type { ServerContext } from "../server_context.ts";
import { AnswerWriter } from "./answer_writer.ts";
import { ClientBody } from "./client_body.ts";
import { ClientInput } from "./client_input.ts";
import { HeadWriterError } from "./head_writer.ts";
import { linger } from "./linger.ts";
import type { ParsedRequest, RefusedRequest } from "./parse_request.ts";
import { RequestReader } from "./request_reader.ts";
import { joinTunnel } from "./tunnel.ts";

/** Where a connection comes from, and whom it tells. */
export interface ServerConnectionOptions {
  readonly remote: HopSource;
  /** Called when the connection has become a tunnel: from then on it is not part of any request. */
  readonly onTunnel: () => void;
}

/**
 * What becomes of the connection after an answer: it serves on; or it is closed, without haste; or at
 * once, so that an answer which broke off does not look like one that is whole.
 */
type Outcome = "next" | "leave" | "cut";

/** What a refused head is answered as. */
const UNREAD_REQUEST = { method: "GET", version: 1 } as const;

/** Serves one connection. */
export class ServerConnection {
  readonly #connection: Connection;
  readonly #context: ServerContext;
  readonly #options: ServerConnectionOptions;
  readonly #client: HopClient;
  readonly #input: ClientInput;
  readonly #reader: RequestReader;
  readonly #writer: AnswerWriter;
  /** Limits the waits for the client's bytes. */
  readonly #readLimit: Watchdog;
  /** Limits the waits for the client to take bytes, and those after the last answer. */
  readonly #writeLimit: Watchdog;
  /** One for all requests: a client that leaves does so once, and making one costs a microsecond. */
  readonly #gone = new AbortController();
  #state: "waiting" | "answering" | "leaving" | "tunnelling" | "closed" = "waiting";
  /** No request follows the one in flight. */
  #isLast = false;
  #requests = 0;
  /** Of the request in flight. */
  #body: ClientBody | undefined;
  /** Whether it is known where the request in flight ends. */
  #isRequestRead = false;
  /** The answer that is being written. */
  #answer: Answer | undefined;

  constructor(connection: Connection, context: ServerContext, options: ServerConnectionOptions) {
    this.#connection = connection;
    this.#context = context;
    this.#options = options;
    this.#client = new HopClient(context, options.remote);
    this.#input = new ClientInput(connection, () => this.#noteEnd());
    this.#reader = new RequestReader(this.#input);
    this.#readLimit = new Watchdog(context.clock, () => this.#expire());
    this.#writeLimit = new Watchdog(context.clock, () => this.#expireWrite());
    this.#writer = new AnswerWriter(connection, context, this.#writeLimit);
  }

  /** Asked anew each time: the state changes while something is waited for. */
  get #isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Serves until the connection is closed. Never rejects. */
  async run(): Promise<void> {
    try {
      while (await this.#serveNext());
    } catch (error) {
      answerDefect(this.#context.environment, error);
    }
    this.#close();
  }

  /** Ends the connection as soon as no request is in flight: at once if none is. */
  drain(): void {
    this.#isLast = true;
    if (this.#state === "waiting" && this.#input.bufferedBytes === 0) this.#close();
  }

  /** @returns Whether another request may follow. */
  async #serveNext(): Promise<boolean> {
    const { headerMs, keepAliveMs } = this.#context.timeouts;
    this.#readLimit.set(this.#requests === 0 ? headerMs : keepAliveMs);
    let request = this.#reader.take();
    for (let isBegun = false; request === undefined; request = this.#reader.take()) {
      if (!isBegun && this.#reader.hasPart && this.#requests > 0) this.#readLimit.set(headerMs);
      isBegun = this.#reader.hasPart;
      if (await this.#input.fill() === null) return false;
    }
    this.#readLimit.lift();
    if (this.#state !== "waiting") return false;
    this.#state = "answering";
    this.#requests++;
    this.#body = undefined;
    this.#isRequestRead = request.kind === "request" && request.framing.kind === "none";
    const outcome = await this.#serveCounted(request);
    if (this.#isClosed) return false;
    if (outcome === "leave") await this.#leave();
    if (outcome === "next") this.#state = "waiting";
    return outcome === "next";
  }

  /** Counts the request in flight until its answer is written. */
  async #serveCounted(request: ParsedRequest | RefusedRequest): Promise<Outcome> {
    const { environment } = this.#context;
    const { counters } = environment;
    const client = this.#client.begin();
    if (client === undefined) {
      return await this.#refuse(refuseUnknownHop(environment, this.#options.remote.hostname));
    }
    counters.add("requests");
    try {
      if (request.kind === "request") return await this.#exchange(request, client);
      return await this.#refuse(refuseRequest({ client }, request));
    } finally {
      this.#client.end();
    }
  }

  /** Answers without looking at the rest of the request, whose end nobody knows. */
  async #refuse(answer: Answer): Promise<Outcome> {
    reportRefusal(this.#context.environment, answer);
    await this.#writeLast(UNREAD_REQUEST, answer);
    return "leave";
  }

  async #exchange(request: ParsedRequest, client: Endpoint): Promise<Outcome> {
    const body = this.#body = this.#makeBody(request);
    const exchange = this.#makeExchange(request, { body, client });
    let answer: Answer;
    try {
      answer = await this.#ask(exchange);
      checkAnswer(exchange, answer);
    } catch (error) {
      answer = this.#answerDefect(error);
    }
    reportRefusal(this.#context.environment, answer);
    if (this.#state !== "answering" || this.#input.isEnded) {
      discardBody(answer);
      return "cut";
    }
    if (!request.isPersistent || isInTheWay(body)) this.#isLast = true;
    this.#answer = answer;
    const isWhole = await this.#write(request, answer);
    this.#answer = undefined;
    if (!isWhole) return "cut";
    if (answer.tunnel !== undefined) return await this.#tunnel(answer.tunnel);
    this.#input.unwatch();
    return this.#isLast || !await this.#finishBody(body) ? "leave" : "next";
  }

  #makeBody({ framing, expectsContinue }: ParsedRequest): ClientBody | undefined {
    if (framing.kind === "none") return undefined;
    return new ClientBody(this.#input, framing, {
      sendContinue: expectsContinue ? () => this.#sendContinue() : undefined,
      beginWait: () => this.#readLimit.set(CLIENT_BODY_TIMEOUT_MS),
      endWait: () => this.#readLimit.lift(),
      onEnd: () => this.#input.watch(),
    });
  }

  /** A body that is read only when the answer is on its way has none: it would stand within the answer. */
  async #sendContinue(): Promise<void> {
    if (this.#isBeforeAnswer) await this.#writer.writeInterim(100, []);
  }

  /** Whether interim responses may be written. */
  get #isBeforeAnswer(): boolean {
    return this.#state === "answering" && this.#answer === undefined;
  }

  /** A plain record, which policies copy with other fields. */
  #makeExchange(
    request: ParsedRequest,
    { body, client }: Pick<Exchange, "body" | "client">,
  ): Exchange {
    const { authority, version } = request;
    const number = this.#requests;
    return {
      method: request.method,
      target: request.target,
      authority,
      hostname: this.#client.hostnameOf(authority),
      headers: request.headers,
      body,
      scheme: this.#context.certificate === undefined ? "http" : "https",
      httpVersion: version === 1 ? "1.1" : "1.0",
      client,
      signal: this.#gone.signal,
      upgrade: request.upgrade,
      expectsContinue: request.expectsContinue,
      sendInterim: (status, headers) => {
        const isCurrent = this.#requests === number && this.#isBeforeAnswer;
        const isInterim = status > 101 && status < 200;
        if (version === 1 && isCurrent && isInterim) {
          void this.#writer.writeInterim(status, headers);
        }
      },
    };
  }

  /** Has the application answer, and watches for a client that leaves while it does. */
  #ask(exchange: Exchange): Answer | Promise<Answer> {
    const answer = this.#context.application.answer(exchange);
    if (answer instanceof Promise) this.#input.watch();
    return answer;
  }

  /** A defect of the application is answered, too, and ends the connection. */
  #answerDefect(error: unknown): Answer {
    this.#isLast = true;
    // Or what it has asked an upstream for would stay open: nobody reads it, and so nothing limits it.
    this.#gone.abort(new Failure("client_gone", "the request was given up"));
    return answerDefect(this.#context.environment, error);
  }

  /** @returns Whether all of an answer has been written. */
  async #write(
    request: Pick<ParsedRequest, "method" | "version">,
    answer: Answer,
  ): Promise<boolean> {
    try {
      return await this.#writer.write(request, answer, this.#isLast);
    } catch (error) {
      if (!(error instanceof HeadWriterError)) throw error;
      const defect = answerDefect(this.#context.environment, error);
      return await this.#writeLast(request, defect);
    }
  }

  async #writeLast(
    request: Pick<ParsedRequest, "method" | "version">,
    answer: Answer,
  ): Promise<boolean> {
    this.#isLast = true;
    return await this.#writer.write(request, answer, true);
  }

  /** Reads what is left of a body, for the next request begins behind it. @returns Whether that went well. */
  async #finishBody(body: ClientBody | undefined): Promise<boolean> {
    if (body === undefined || body.isEnded) return true;
    const scratch = this.#context.buffers.take();
    this.#writeLimit.set(REQUEST_LINGER_MS);
    await body.settle();
    const isEnded = await body.drain(scratch, REQUEST_DRAIN_MAX_BYTES);
    this.#writeLimit.lift();
    this.#context.buffers.give(scratch);
    return isEnded;
  }

  /**
   * Ends the connection after its last answer. While the client may still be sending, it is read from
   * for a while.
   */
  async #leave(): Promise<void> {
    this.#state = "leaving";
    const isAllRead = this.#body === undefined ? this.#isRequestRead : this.#body.isEnded;
    if (isAllRead && this.#input.bufferedBytes === 0) return;
    this.#writeLimit.set(REQUEST_LINGER_MS);
    const scratch = this.#context.buffers.take();
    await linger({ connection: this.#connection, input: this.#input, body: this.#body, scratch });
    this.#context.buffers.give(scratch);
  }

  async #tunnel({ connection, initial }: Tunnel): Promise<Outcome> {
    const { clock, environment: { counters } } = this.#context;
    this.#state = "tunnelling";
    this.#readLimit.stop();
    this.#writeLimit.stop();
    this.#options.onTunnel();
    counters.add("tunnels");
    const client = { connection: this.#connection, initial: this.#input.release() };
    const result = await joinTunnel(client, { connection, initial: [initial] }, clock);
    if (result === "idle") counters.add("idle_timeout");
    this.#state = "closed";
    return "cut";
  }

  /** The client has ended its side. */
  #noteEnd(): void {
    if (this.#state === "answering") this.#abandon();
  }

  /** Nobody waits for the answer any more. */
  #abandon(): void {
    this.#gone.abort(new Failure("client_gone", "client left"));
    if (this.#answer !== undefined) discardBody(this.#answer);
  }

  /** The client was silent for too long. */
  #expire(): void {
    const { counters } = this.#context.environment;
    counters.add(this.#state === "waiting" ? "request_timeout" : "body_timeout");
    if (this.#state === "waiting" && this.#input.bufferedBytes > 0) void this.#refuseLate();
    else this.#close();
  }

  /** The client took nothing of its answer for too long, or lingers after the last one. */
  #expireWrite(): void {
    if (this.#answer !== undefined) this.#context.environment.counters.add("answer_timeout");
    this.#close();
  }

  async #refuseLate(): Promise<void> {
    this.#state = "leaving";
    await this.#writeLast(UNREAD_REQUEST, plainAnswer(408, "The request did not come in time"));
    this.#close();
  }

  #close(): void {
    if (this.#state === "closed") return;
    const wasAnswering = this.#state === "answering";
    this.#state = "closed";
    this.#readLimit.stop();
    this.#writeLimit.stop();
    try {
      this.#connection.close();
    } catch {
      // The runtime had closed it, which is all that is wanted.
    }
    if (wasAnswering) this.#abandon();
  }
}

/** Says whether the connection cannot be kept because of what the client may or may not send yet. */
function isInTheWay(body: ClientBody | undefined): boolean {
  if (body === undefined || body.isEnded) return false;
  return body.isAwaited || body.leftBytes === undefined || body.leftBytes > REQUEST_DRAIN_MAX_BYTES;
}

/** @throws {Error} If the application may not answer so. */
function checkAnswer({ upgrade }: Exchange, answer: Answer): void {
  const { status, tunnel } = answer;
  const isPossible = status === 101
    ? tunnel !== undefined && upgrade !== undefined
    : status >= 200 && status <= 599 && tunnel === undefined;
  if (isPossible) return;
  discardBody(answer);
  throw new Error(`${status} is no answer to this request`);
}
