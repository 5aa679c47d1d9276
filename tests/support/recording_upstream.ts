/**
 * An upstream that writes down, for each connection, which requests it sees, byte for byte, by a strict
 * parser of its own, and answers each as it is told to. Whatever it cannot take for a request of the
 * one who connects is a violation. Loopback, port 0. Does I/O.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { encodeLatin1 } from "../../lib/http/http1/latin1.ts";
import { readStrictRequest, type StrictRequest } from "./strict_request.ts";

/** One request that has come. */
export interface RecordedRequest {
  /** Counts the requests of all connections, from 0. */
  readonly number: number;
  /** Counts connections, from 0. */
  readonly connection: number;
  /** Its place on its connection, from 0. */
  readonly place: number;
  /** As it stands now: its body may still be coming. */
  request: StrictRequest;
  /** Nothing was answered to it. */
  isUnanswered: boolean;
  /** What follows it is another protocol. */
  isTunnel: boolean;
}

/** What is done about a request. */
export interface RecordedAnswer {
  /** Latin1; written at once. Empty: the connection is closed without a word. */
  readonly text: string;
  /** Whether it is given to the head alone, before the body has come. */
  readonly isEarly?: boolean;
  readonly closes?: boolean;
  /** It switches protocols: what follows is no HTTP. */
  readonly isTunnel?: boolean;
}

/** Decides about a request; called when its head is there. */
export type Answering = (record: RecordedRequest) => RecordedAnswer;

/** A running server. Disposing of it closes the listener and every connection. */
export class RecordingUpstream implements AsyncDisposable {
  readonly records: RecordedRequest[] = [];
  /** What stood where a request should begin, in words. */
  readonly violations: string[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.TcpConn>();
  readonly #answering: Answering;
  readonly #serving: Promise<void>[] = [];
  readonly #accepting: Promise<void>;
  #accepted = 0;

  constructor(answering: Answering) {
    this.#answering = answering;
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#open.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    await this.#accepting;
    await Promise.all(this.#serving);
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      connection.setNoDelay();
      this.#open.add(connection);
      const run = new RecordedConnection(connection, this.#accepted++, this);
      const serving = run.serve(this.#answering).then(() => {
        this.#open.delete(connection);
        close(connection);
      });
      this.#serving.push(serving);
    }
  }
}

/** States: waiting for a head -> waiting for its body -> waiting …; tunnel; ended (terminal). */
class RecordedConnection {
  readonly #connection: Deno.TcpConn;
  readonly #index: number;
  readonly #upstream: RecordingUpstream;
  #text = "";
  #at = 0;
  #place = 0;
  #current: { record: RecordedRequest; answer: RecordedAnswer } | undefined;

  constructor(connection: Deno.TcpConn, index: number, upstream: RecordingUpstream) {
    this.#connection = connection;
    this.#index = index;
    this.#upstream = upstream;
  }

  /** Never rejects. */
  async serve(answering: Answering): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let isOpen = true; isOpen;) {
        const count = await this.#connection.read(buffer);
        if (count === null) return;
        this.#text += Buffer.from(buffer.subarray(0, count)).toString("latin1");
        while (isOpen && this.#text.length > this.#at) {
          const before = this.#at;
          isOpen = await this.#step(answering);
          if (this.#at === before) break;
        }
      }
    } catch {
      // The other side has cut the connection, as it may.
    }
  }

  /** @returns Whether the connection goes on. */
  async #step(answering: Answering): Promise<boolean> {
    if (this.#current?.record.isTunnel) {
      this.#at = this.#text.length;
      return true;
    }
    const request = readStrictRequest(this.#text, this.#at);
    if (request.kind === "more") return true;
    if (request.kind === "bad" || request.bodyState === "broken") {
      const reason = request.kind === "bad" ? request.reason : "body";
      this.#upstream.violations.push(`${reason}: ${JSON.stringify(this.#text.slice(this.#at))}`);
      return false;
    }
    const isFirst = this.#current === undefined;
    const current = this.#current ??= this.#begin(request, answering);
    current.record.request = request;
    const isWhole = request.bodyState === "whole";
    const { answer } = current;
    if (isFirst && !isWhole && !answer.isEarly && expectsContinue(request)) {
      await this.#write("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (answer.isEarly ? isFirst : isWhole) {
      await this.#write(answer.text);
      if (answer.closes || answer.text === "") return false;
    }
    if (!isWhole) return true;
    this.#at = request.end;
    if (!answer.isTunnel) this.#current = undefined;
    return true;
  }

  #begin(request: StrictRequest, answering: Answering) {
    const record: RecordedRequest = {
      number: this.#upstream.records.length,
      connection: this.#index,
      place: this.#place++,
      request,
      isUnanswered: false,
      isTunnel: false,
    };
    this.#upstream.records.push(record);
    const answer = answering(record);
    record.isUnanswered = answer.text === "";
    record.isTunnel = answer.isTunnel ?? false;
    return { record, answer };
  }

  async #write(text: string): Promise<void> {
    const bytes = encodeLatin1(text);
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }
}

function expectsContinue({ headers }: StrictRequest): boolean {
  return headers.some(([name]) => name.toLowerCase() === "expect");
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It had been closed from the other side of this file.
  }
}
