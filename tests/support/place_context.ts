/**
 * What a connection in memory is served with: one client behind one hop, a clock that stands still, and
 * an application that is written down before it answers.
 *
 * @module
 */
import type { Counters } from "../../lib/base/counters.ts";
import { createLog, type LogLevel } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import type { AddressBook } from "../../lib/hop/address_book.ts";
import type { Handler } from "../../lib/http/application.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import type { BufferPool } from "../../lib/http/http1/buffer_pool.ts";
import { HeadWriter } from "../../lib/http/http1/head_writer.ts";
import { HttpDate } from "../../lib/http/http1/http_date.ts";
import type { ServerContext } from "../../lib/http/server_context.ts";
import type { FakeClock } from "./fake_clock.ts";

/** Where the client's hop comes from. */
export const REMOTE = { hostname: "127.0.0.1", port: 40_000 };

/** The whole hop, as the address book knows it. */
export const HOP_KEY = {
  sourceIp: REMOTE.hostname,
  sourcePort: REMOTE.port,
  listenerPort: 8_443,
};

/** Milliseconds; short enough to be told apart from the fixed limits. */
export const PLACE_TIMEOUTS = { headerMs: 10_000, keepAliveMs: 75_000 };

/** What a test looks at. */
export interface Place {
  readonly book: AddressBook;
  readonly buffers: BufferPool;
  readonly clock: FakeClock;
  readonly counters: Counters;
  /** Asked of the application. */
  readonly exchanges: Exchange[];
  /** Of the log. */
  readonly lines: string[];
}

/** Makes the context of a place. */
export function makePlaceContext(
  { book, buffers, clock, counters, exchanges, lines }: Place,
  handler: Handler,
  options: { readonly certificate: ServerContext["certificate"]; readonly level?: LogLevel },
): ServerContext {
  return {
    application: {
      answer: (exchange) => {
        exchanges.push(exchange);
        return handler(exchange);
      },
    },
    environment: {
      book,
      clock,
      counters,
      log: createLog({ level: options.level, write: (line) => lines.push(line) }),
      sampler: new Sampler(clock),
    },
    certificate: options.certificate,
    clock,
    port: HOP_KEY.listenerPort,
    timeouts: PLACE_TIMEOUTS,
    buffers,
    date: new HttpDate(clock),
    headWriter: new HeadWriter(),
  };
}
