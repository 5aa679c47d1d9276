/**
 * Exchanges, bodies and upstreams for tests of the HTTP applications: plain data, no sockets.
 *
 * @module
 */
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import type { HeaderLine, RequestBody, UpstreamResponse } from "../../lib/http/message.ts";
import type { ProxyEnvironment } from "../../lib/http/proxy.ts";
import { FakeClock } from "./fake_clock.ts";

/** Makes an exchange: `GET https://app.example.org/`, unless `fields` say otherwise. */
export function makeExchange(fields: Partial<Exchange> = {}): Exchange {
  return {
    method: "GET",
    target: "/",
    authority: "app.example.org",
    hostname: "app.example.org",
    headers: [],
    body: undefined,
    scheme: "https",
    httpVersion: "1.1",
    client: { ip: "192.0.2.1", port: 50_000 },
    signal: new AbortController().signal,
    ...fields,
  };
}

/** Makes an upstream's answer. */
export function makeAnswer(
  status: number,
  headers: readonly HeaderLine[] = [],
  body?: UpstreamResponse["body"],
): UpstreamResponse {
  const bodyLength = body instanceof Uint8Array ? body.length : undefined;
  return { status, reason: "", headers, body, bodyLength, trailers: () => [] };
}

/** A body that notes what becomes of it. */
export interface WatchedBody extends RequestBody {
  /** How often it was read from. */
  readonly reads: number;
  readonly isCancelled: boolean;
}

/** Makes a body of the given pieces. */
export function makeBody(...pieces: readonly string[]): WatchedBody {
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  let reads = 0;
  let isCancelled = false;
  return {
    length: left.reduce((sum, piece) => sum + piece.length, 0),
    stream: new ReadableStream<Uint8Array>({
      pull(controller) {
        reads++;
        const piece = left.shift();
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel: () => void (isCancelled = true),
    }, { highWaterMark: 0 }),
    get reads() {
      return reads;
    },
    get isCancelled() {
      return isCancelled;
    },
  };
}

/** An environment of the proxy whose upstream is a function, with what it logged and counted. */
export interface FakeProxy {
  readonly environment: ProxyEnvironment;
  readonly counters: Counters;
  readonly clock: FakeClock;
  readonly lines: string[];
}

/** Makes an environment that calls itself `postern-test` and asks the servers in order. */
export function makeProxy(send: ProxyEnvironment["send"]): FakeProxy {
  const clock = new FakeClock();
  const counters = new Counters();
  const lines: string[] = [];
  const environment: ProxyEnvironment = {
    clock,
    counters,
    log: createLog({ level: "debug", write: (line) => lines.push(line) }),
    sampler: new Sampler(clock),
    via: "postern-test",
    orderServers: (servers) => servers,
    send,
  };
  return { environment, counters, clock, lines };
}
