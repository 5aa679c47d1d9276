/**
 * Exchanges, bodies and upstreams for tests of the HTTP applications: plain data, no sockets.
 *
 * @module
 */
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import type { Answer, Body, HeaderLine } from "../../lib/http/message.ts";
import { CompressionSlots } from "../../lib/http/policy/compression_slots.ts";
import { PasswordChecks } from "../../lib/http/policy/password_checks.ts";
import { RateLimiters } from "../../lib/http/policy/rate_limit.ts";
import type { ProxyEnvironment } from "../../lib/http/proxy.ts";
import type { RouteEnvironment } from "../../lib/http/route_application.ts";
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
    upgrade: undefined,
    expectsContinue: false,
    sendInterim: () => {},
    ...fields,
  };
}

/** Makes an answer. */
export function makeAnswer(
  status: number,
  headers: readonly HeaderLine[] = [],
  body?: Answer["body"],
): Answer {
  return { status, reason: "", headers, body };
}

/** The value of a header line, if there is exactly one of that name; case does not count. */
export function headerOf({ headers }: Answer, name: string): string | undefined {
  const values = headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  if (values.length > 1) throw new Error(`${values.length} lines of ${name}`);
  return values[0];
}

/** Reads an answer's body to its end as text. */
export async function readText({ body }: Pick<Answer, "body">): Promise<string> {
  const decoder = new TextDecoder();
  if (body === undefined || body instanceof Uint8Array) return decoder.decode(body);
  let text = "";
  const target = new Uint8Array(64);
  for (let count; (count = await body.read(target)) > 0;) {
    text += decoder.decode(target.subarray(0, count), { stream: true });
  }
  return text;
}

/** A body that notes what becomes of it. */
export interface WatchedBody extends Body {
  /** How often it was read from. */
  readonly reads: number;
  readonly isCancelled: boolean;
}

/** Makes a body of the given pieces, of which each read gives one. */
export function makeBody(...pieces: readonly string[]): WatchedBody {
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  let reads = 0;
  let isCancelled = false;
  return {
    length: left.reduce((sum, piece) => sum + piece.length, 0),
    trailers: [],
    read(target) {
      reads++;
      const piece = left.shift();
      if (piece === undefined) return Promise.resolve(0);
      const count = Math.min(piece.length, target.length);
      target.set(piece.subarray(0, count));
      if (count < piece.length) left.unshift(piece.subarray(count));
      return Promise.resolve(count);
    },
    cancel: () => void (isCancelled = true),
    get isTouched() {
      return reads > 0;
    },
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
    stickyKeyOf: (server) => JSON.stringify(server.address).length.toString(16).padStart(16, "0"),
    send,
  };
  return { environment, counters, clock, lines };
}

/** What the application of a route is handed beside its proxy: no files, nothing used up yet. */
export function makeRouteEnvironment(proxy: ProxyEnvironment): RouteEnvironment {
  return {
    proxy,
    policies: {
      ...proxy,
      checks: new PasswordChecks(),
      slots: new CompressionSlots(),
      limiters: new RateLimiters(proxy.clock),
      askAuthServer: (server, request) =>
        proxy.send(server, request, { onInterim: () => {}, onCut: () => {} }),
    },
    files: { pages: new Map(), users: new Map() },
  };
}
