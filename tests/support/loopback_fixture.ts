/**
 * A loopback server with an address book, an application that answers by the path, and clients that
 * come over hops as the relay makes them. Does I/O.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Clock, systemClock } from "../../lib/base/clock.ts";
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import { AddressBook } from "../../lib/hop/address_book.ts";
import { plainAnswer } from "../../lib/http/answer.ts";
import { createApplication } from "../../lib/http/application.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { encodeLatin1 } from "../../lib/http/http1/latin1.ts";
import { openHttpServer } from "../../lib/http/http_server.ts";
import type { LoopbackOptions, LoopbackServer } from "../../lib/http/loopback_server.ts";
import type { Answer, Body } from "../../lib/http/message.ts";
import { withDeadline } from "./deadline.ts";
import { readText } from "./exchanges.ts";

/** Every wait of these tests ends here, in milliseconds. */
export const LIMIT_MS = 20_000;

/** A listener with a book, and an application that answers by the path. */
export class LoopbackFixture implements AsyncDisposable {
  readonly book = new AddressBook();
  readonly counters = new Counters();
  readonly lines: string[] = [];
  readonly exchanges: Exchange[] = [];
  readonly server: LoopbackServer;
  /** Ends the answer of `/wait` and `/stream`. */
  readonly released = Promise.withResolvers<void>();
  /** The body of `/endless`. */
  readonly endless = makeEndlessBody();
  #nextClient = 1;

  constructor(
    options: Partial<LoopbackOptions> & {
      /** Of the server; hops go by the host's. */
      readonly clock?: Clock;
    } = {},
  ) {
    const { clock = systemClock, ...rest } = options;
    const handler = (exchange: Exchange) => {
      this.exchanges.push(exchange);
      return this.#answer(exchange);
    };
    this.server = openHttpServer({
      application: createApplication([{ path: "*", handler }]),
      environment: {
        book: this.book,
        clock,
        counters: this.counters,
        log: createLog({ level: "debug", write: (line) => this.lines.push(line) }),
        sampler: new Sampler(clock),
      },
      certificate: undefined,
      ...rest,
    });
  }

  /** Connects as the relay does: the hop is in the book before the first byte. */
  async connect(client = `192.0.2.${this.#nextClient++}`): Promise<HopConnection> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.server.port });
    const { hostname: sourceIp, port: sourcePort } = connection.localAddr;
    const key = { sourceIp, sourcePort, listenerPort: this.server.port };
    const result = this.book.open(key, { ip: client, port: 50_000 }, systemClock.monotonic());
    assert.equal(result.kind, "open");
    const slot = result.kind === "open" ? result.slot : -1;
    return new HopConnection(connection, () => this.book.close(slot, systemClock.monotonic()));
  }

  /** Waits until no request is in flight and `hops` are open. */
  async settle(hops = 0): Promise<void> {
    await until(() => this.book.totals().inFlight === 0, () => JSON.stringify(this.book.totals()));
    assert.deepEqual(this.book.totals(), { open: hops, inFlight: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.released.resolve();
    await withDeadline(this.server.shutdown(), LIMIT_MS, () => "shutdown");
  }

  async #answer(exchange: Exchange): Promise<Answer> {
    switch (exchange.target) {
      case "/fail":
        throw new Error("the application failed");
      case "/wait":
        await this.released.promise;
        return answerText("late");
      case "/stream":
        return answerBody(piecesBody(["first", this.released.promise, "last"]));
      case "/endless":
        return answerBody(this.endless);
      case "/break":
        return answerBody(piecesBody(["half", Promise.reject(new Error("upstream died"))]));
      case "/length":
        return { status: 200, reason: "", headers: [["Content-Length", "77"]], body: undefined };
      case "/unread":
        return plainAnswer(413, "early");
      case "/body":
        return answerText(exchange.body === undefined ? "" : await readText(exchange));
      default:
        return answerText(
          JSON.stringify({ ...exchange, signal: undefined, body: exchange.body?.length }),
        );
    }
  }
}

function answerText(text: string): Answer {
  return { status: 200, reason: "", headers: [], body: new TextEncoder().encode(text) };
}

function answerBody(body: Body): Answer {
  return { status: 200, reason: "", headers: [], body };
}

/** A body of unknown length, of pieces and waits; a wait that fails breaks it off. */
function piecesBody(parts: readonly (string | Promise<void>)[]): Body {
  const left = [...parts];
  for (const part of left) if (typeof part !== "string") part.catch(() => {}); // Fails when read.
  let isTouched = false;
  return {
    length: undefined,
    trailers: [],
    get isTouched() {
      return isTouched;
    },
    async read(target) {
      isTouched = true;
      for (let part = left.shift(); part !== undefined; part = left.shift()) {
        if (typeof part !== "string") await part;
        else {
          target.set(encodeLatin1(part));
          return part.length;
        }
      }
      return 0;
    },
    cancel: () => void left.splice(0),
  };
}

/** A body that always has more bytes, and notes that it is not wanted any more. */
function makeEndlessBody(): Body & { isCancelled: boolean } {
  return {
    length: undefined,
    trailers: [],
    isTouched: false,
    isCancelled: false,
    read: (target) => Promise.resolve(target.length),
    cancel() {
      this.isCancelled = true;
    },
  };
}

/** A raw client; closing it closes its hop as the relay does. */
export class HopConnection implements Disposable {
  readonly connection: Deno.Conn;
  readonly #closeHop: () => void;
  #received = "";
  #isClosed = false;

  constructor(connection: Deno.Conn, closeHop: () => void) {
    this.connection = connection;
    this.#closeHop = closeHop;
  }

  async write(text: string): Promise<void> {
    await this.connection.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  }

  /** Reads until the pattern matches all that was received; takes it off. */
  async readUntil(pattern: RegExp): Promise<string> {
    const buffer = new Uint8Array(65_536);
    while (true) {
      const match = pattern.exec(this.#received);
      if (match !== null) {
        const text = this.#received.slice(0, match.index + match[0].length);
        this.#received = this.#received.slice(text.length);
        return text;
      }
      const reading = this.connection.read(buffer);
      const count = await withDeadline(reading, LIMIT_MS, () => `${pattern}: ${this.#received}`);
      if (count === null) throw new Error(`ended before ${pattern}: ${this.#received}`);
      // Not by TextDecoder, whose "latin1" is windows-1252.
      this.#received += Buffer.from(buffer.subarray(0, count)).toString("latin1");
    }
  }

  /** Reads an answer that has a length. */
  async readAnswer(): Promise<{ head: string; body: string }> {
    const head = await this.readUntil(/\r\n\r\n/);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
    const body = await this.readUntil(new RegExp(`^[^]{${length}}`));
    return { head, body };
  }

  async ask(request: string): Promise<{ head: string; body: string; exchange: Exchange }> {
    await this.write(request);
    const { head, body } = await this.readAnswer();
    return { head, body, exchange: body.startsWith("{") ? JSON.parse(body) : undefined };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.connection.close();
    this.#closeHop();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Waits until `holds` is true, which it is asked every 2 ms. */
export async function until(holds: () => boolean, describe: () => string): Promise<void> {
  const deadlineAt = Date.now() + LIMIT_MS;
  while (!holds()) {
    if (Date.now() > deadlineAt) throw new Error(`Not in time: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A GET of the host `app.example.org`, with further header lines. */
export function get(target: string, headers = ""): string {
  return `GET ${target} HTTP/1.1\r\nHost: app.example.org\r\n${headers}\r\n`;
}
