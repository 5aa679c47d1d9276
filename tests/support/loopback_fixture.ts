/**
 * A loopback server with an address book, an application that answers by the path, and clients that
 * come over hops as the relay makes them. Does I/O.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Hono } from "hono";
import { systemClock } from "../../lib/base/clock.ts";
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import { AddressBook } from "../../lib/hop/address_book.ts";
import type { Exchange, ExchangeBindings } from "../../lib/http/exchange.ts";
import {
  type LoopbackOptions,
  type LoopbackServer,
  openLoopbackServer,
  rethrow,
} from "../../lib/http/loopback_server.ts";
import { withDeadline } from "./deadline.ts";

/** Every wait of these tests ends here, in milliseconds. */
export const LIMIT_MS = 5_000;

/** A listener with a book, and an application that answers by the path. */
export class LoopbackFixture implements AsyncDisposable {
  readonly book = new AddressBook();
  readonly counters = new Counters();
  readonly lines: string[] = [];
  readonly exchanges: Exchange[] = [];
  readonly server: LoopbackServer;
  /** Ends the answer of `/wait` and `/stream`. */
  readonly released = Promise.withResolvers<void>();
  #nextClient = 1;

  constructor(options: Partial<LoopbackOptions> = {}) {
    const application = new Hono<ExchangeBindings>();
    application.onError(rethrow);
    application.all("*", (context) => {
      this.exchanges.push(context.env.exchange);
      return this.#answer(context.env.exchange);
    });
    this.server = openLoopbackServer({
      application,
      environment: {
        book: this.book,
        clock: systemClock,
        counters: this.counters,
        log: createLog({ level: "debug", write: (line) => this.lines.push(line) }),
        sampler: new Sampler(systemClock),
      },
      certificate: undefined,
      httpVersion: "1.1",
      ...options,
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

  async #answer(exchange: Exchange): Promise<Response> {
    switch (exchange.target) {
      case "/fail":
        throw new Error("the application failed");
      case "/wait":
        await this.released.promise;
        return new Response("late");
      case "/stream":
        return new Response(this.#stream());
      case "/break":
        return new Response(breakOff());
      case "/length":
        return new Response(null, { headers: { "content-length": "77" } });
      case "/unread":
        return new Response("early", { status: 413 });
      case "/body":
        return new Response(await new Response(exchange.body?.stream as BodyInit).text());
      default:
        return Response.json({ ...exchange, signal: undefined, body: exchange.body?.length });
    }
  }

  #stream(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode("first"));
        this.released.promise.then(() => {
          controller.enqueue(new TextEncoder().encode("last"));
          controller.close();
        }).catch(() => {}); // The client has left: the stream was cancelled.
      },
    });
  }
}

function breakOff(): ReadableStream<Uint8Array> {
  let pulls = 0;
  return new ReadableStream({
    pull(controller) {
      if (pulls++ === 0) controller.enqueue(new TextEncoder().encode("half"));
      else controller.error(new Error("upstream died"));
    },
  }, { highWaterMark: 0 });
}

/** A raw client; closing it closes its hop as the relay does. */
export class HopConnection implements Disposable {
  readonly #connection: Deno.Conn;
  readonly #closeHop: () => void;
  #received = "";
  #isClosed = false;

  constructor(connection: Deno.Conn, closeHop: () => void) {
    this.#connection = connection;
    this.#closeHop = closeHop;
  }

  async write(text: string): Promise<void> {
    await this.#connection.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
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
      const reading = this.#connection.read(buffer);
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
    this.#connection.close();
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
