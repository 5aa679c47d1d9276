/**
 * One client's connection to the HTTP/1.1 engine, in memory, with a clock that stands still: what the
 * client sends, what the application says, what the client sees.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Counters } from "../../lib/base/counters.ts";
import { AddressBook } from "../../lib/hop/address_book.ts";
import type { Handler } from "../../lib/http/application.ts";
import type { Connection } from "../../lib/http/connection.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { BufferPool } from "../../lib/http/http1/buffer_pool.ts";
import { encodeLatin1 } from "../../lib/http/http1/latin1.ts";
import { ServerConnection } from "../../lib/http/http1/server_connection.ts";
import type { Answer, Body, HeaderLine } from "../../lib/http/message.ts";
import { readText } from "./exchanges.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryConnection } from "./memory_connection.ts";
import { HOP_KEY, makePlaceContext, REMOTE } from "./place_context.ts";

/** What is not as usual. */
export interface Http1PlaceOptions {
  /** Whether the hop came from the relay. Default: true. */
  readonly isKnown?: boolean;
  /** In place of {@linkcode Http1Place.client}. */
  readonly client?: Connection;
}

/** A connection that is being served. */
export class Http1Place {
  readonly clock = new FakeClock();
  readonly counters = new Counters();
  readonly lines: string[] = [];
  readonly exchanges: Exchange[] = [];
  readonly book = new AddressBook(AddressBook.allocate(16));
  readonly buffers = new BufferPool(72 * 1024, 4);
  readonly client = new MemoryConnection();
  readonly connection: ServerConnection;
  /** Resolves when the connection is over. */
  readonly finished: Promise<void>;
  isTunnel = false;

  constructor(handler: Handler, options: Http1PlaceOptions = {}) {
    const { client = this.client, isKnown = true } = options;
    if (isKnown) this.book.open(HOP_KEY, { ip: "192.0.2.1", port: 50_000 }, 0);
    this.connection = new ServerConnection(
      client,
      makePlaceContext(this, handler, { certificate: undefined }),
      {
        remote: REMOTE,
        onTunnel: () => this.isTunnel = true,
      },
    );
    this.finished = this.connection.run();
  }

  /** Sends a request and takes an answer that has a length. */
  async ask(request: string): Promise<{ readonly head: string; readonly body: string }> {
    this.client.send(request);
    return await this.takeAnswer();
  }

  /** Takes an answer that has a length. */
  async takeAnswer(): Promise<{ readonly head: string; readonly body: string }> {
    const head = await this.client.take("\r\n\r\n");
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    return { head, body: length === 0 ? "" : await this.client.take(length) };
  }

  /** How many requests are in flight by the address book. */
  get inFlight(): number {
    return this.book.totals().inFlight;
  }
}

/** An answer with a text as its body. */
export function textAnswer(
  text: string,
  status = 200,
  headers: readonly HeaderLine[] = [],
): Answer {
  return { status, reason: "", headers, body: encodeLatin1(text) };
}

/** A header section's first line. */
export const HOST = "Host: app.example.org\r\n";

/** A GET with further header lines. */
export function get(target = "/", headers = ""): string {
  return `GET ${target} HTTP/1.1\r\n${HOST}${headers}\r\n`;
}

/** A POST with further header lines and what follows them. */
export function post(headers: string, body = ""): string {
  return `POST / HTTP/1.1\r\n${HOST}${headers}\r\n${body}`;
}

/** Answers with the target and the body. */
export async function echo(exchange: Exchange): Promise<Answer> {
  const text = exchange.body === undefined ? "" : await readText({ body: exchange.body });
  return textAnswer(`${exchange.target} ${text}`);
}

/** An application that answers when told to. */
export function later(): {
  readonly handler: () => Promise<Answer>;
  readonly answer: (answer: Answer) => void;
} {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  return { handler: () => promise, answer: resolve };
}

/** Lets everything run that can. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Ends the client's side and sees that nothing is left open. */
export async function leave(place: Http1Place): Promise<void> {
  place.client.end();
  await place.finished;
  assert.equal(place.inFlight, 0);
  assert.equal(place.clock.pending, 0, "no timer is left");
  assert.equal(place.client.isClosed, true);
}

/** A body of pieces and waits, and whether it was cancelled. */
export function pieces(
  parts: readonly (string | Promise<void> | Error)[],
): Body & { isCancelled: boolean } {
  const left = [...parts];
  return {
    length: undefined,
    trailers: [],
    isTouched: false,
    isCancelled: false,
    async read(target) {
      let part = left.shift();
      while (part instanceof Promise) {
        await part;
        part = left.shift();
      }
      if (part instanceof Error) throw part;
      return part === undefined ? 0 : new TextEncoder().encodeInto(part, target).written;
    },
    cancel() {
      this.isCancelled = true;
    },
  };
}
