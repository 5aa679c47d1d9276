/**
 * A loopback listener behind the relay: finds out who is behind the hop, reads the exchange and
 * gives it to an application. With a certificate it is a terminator, without one it is the
 * plain HTTP server of port 80. Whoever opens it closes it.
 *
 * @module
 */
import type { Hono } from "hono";
import type { Clock, Timer } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { errorText } from "../base/failures.ts";
import { ACCEPT_PAUSE_MS } from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import type { Sampler } from "../base/sampler.ts";
import type { AddressBook } from "../hop/address_book.ts";
import { plainAnswer, toHeadResponse } from "./answer.ts";
import type { ExchangeBindings } from "./exchange.ts";
import { readExchange } from "./read_exchange.ts";

/** An application: answers exchanges, whichever server they came by. */
export type Application = Hono<ExchangeBindings>;

/** What every loopback server works with. */
export interface LoopbackEnvironment {
  readonly book: AddressBook;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly sampler: Sampler;
}

/** What a listener serves. */
export interface LoopbackOptions {
  readonly application: Application;
  readonly environment: LoopbackEnvironment;
  /** PEM chain and key; undefined for plain HTTP. */
  readonly certificate: { readonly certPem: string; readonly keyPem: string } | undefined;
  /** What clients of this listener speak; the relay has seen what they offer. */
  readonly httpVersion: "1.1" | "2";
  /** Called with the port of each listener that is opened, before its first connection. */
  readonly onListen?: (port: number) => void;
}

/** A listener that is open. */
export interface LoopbackServer {
  /** To be read for each hop: it changes if the runtime had to give the listener up. */
  readonly port: number;
  /** Lets requests in flight finish, ends idle connections, then closes. Resolves when all is closed. */
  shutdown(): Promise<void>;
}

/**
 * Opens a listener on 127.0.0.1 and any free port.
 *
 * @throws {Error} If the certificate and the key do not belong together, or no descriptor is free.
 */
export function openLoopbackServer(options: LoopbackOptions): LoopbackServer {
  return new RuntimeServer(options);
}

/**
 * The runtime's server. It gives up for good when it cannot accept (when descriptors run out, for
 * instance); then another one is opened, on another port. States: listening, failed (another one
 * follows), shut down (terminal).
 */
class RuntimeServer implements LoopbackServer {
  readonly #options: LoopbackOptions;
  #server: Deno.HttpServer<Deno.NetAddr>;
  #retry: Timer | undefined;
  #isShutDown = false;

  constructor(options: LoopbackOptions) {
    this.#options = options;
    this.#server = this.#listen();
  }

  get port(): number {
    return this.#server.addr.port;
  }

  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    this.#retry?.cancel();
    try {
      await this.#server.shutdown();
    } catch (error) {
      // It had failed before: nothing is left to be closed.
      this.#options.environment.log.debug("Server had failed", { error: errorText(error) });
    }
  }

  #listen(): Deno.HttpServer<Deno.NetAddr> {
    const { certificate, environment, onListen } = this.#options;
    const tls = certificate === undefined
      ? {}
      : { cert: certificate.certPem, key: certificate.keyPem };
    const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      ...tls,
      // An environment variable could switch this on; bodies pass as they are.
      automaticCompression: false,
      // It would announce the address on standard output.
      onListen: () => {},
      onError: (error) => answerDefect(environment, error),
    }, (request, info) => serve(request, info, server.addr.port, this.#options));
    server.finished.catch((error) => this.#replace(error));
    onListen?.(server.addr.port);
    return server;
  }

  #replace(error: unknown): void {
    if (this.#isShutDown) return;
    const { clock, log, sampler } = this.#options.environment;
    const heldBack = sampler.admit("loopback_listener");
    if (heldBack !== undefined) {
      log.warn("Cannot accept on the hop, opening another port", { error: errorText(error) });
    }
    this.#retry = clock.after(ACCEPT_PAUSE_MS, () => {
      try {
        this.#server = this.#listen();
      } catch (again) {
        this.#replace(again);
      }
    });
  }
}

/** For `Hono.onError`: an error is reported below, and not printed by the framework. */
export function rethrow(error: Error): never {
  throw error;
}

function serve(
  request: Request,
  info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  listenerPort: number,
  options: LoopbackOptions,
): Response | Promise<Response> {
  const response = answer(request, info, listenerPort, options);
  if (request.method !== "HEAD") return response;
  return Promise.resolve(response).then((full) => toHeadResponse(full, options.httpVersion));
}

function answer(
  request: Request,
  info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  listenerPort: number,
  { application, environment, certificate, httpVersion }: LoopbackOptions,
): Response | Promise<Response> {
  const { book, clock, counters } = environment;
  const { hostname: sourceIp, port: sourcePort } = info.remoteAddr;
  const hop = book.find({ sourceIp, sourcePort, listenerPort }, clock.monotonic());
  if (hop === undefined || !book.begin(hop)) return refuseUnknownHop(environment, sourceIp);
  const over = () => book.end(hop, clock.monotonic());
  // Settles in every case, also when the client has left before the answer; a rejection says that
  // the client left in the middle, which the proxying has learned by itself.
  info.completed.then(over, over);
  counters.add("requests");
  const scheme = certificate === undefined ? "http" : "https";
  const read = readExchange(request, { client: hop.client, scheme, httpVersion });
  if (read.kind === "refused") {
    counters.add("request_refused");
    return plainAnswer(read.status, read.reason);
  }
  return application.fetch(request, { exchange: read.exchange });
}

/**
 * Any process of the host can connect to a loopback port. It is not a client that the relay has
 * accepted, no policy has seen it, and so it gets nothing.
 */
function refuseUnknownHop({ counters, log, sampler }: LoopbackEnvironment, ip: string): Response {
  counters.add("hop_unknown");
  const heldBack = sampler.admit("hop_unknown");
  if (heldBack !== undefined) {
    log.warn("Refused a request that did not come through the relay", { from: ip, heldBack });
  }
  return plainAnswer(403, "This port is not public", { connection: "close" });
}

/** Without a body, for it is not known whether the request was HEAD; see `toHeadResponse`. */
function answerDefect({ log, sampler }: LoopbackEnvironment, error: unknown): Response {
  const heldBack = sampler.admit("http_defect");
  if (heldBack !== undefined) {
    log.error("Cannot answer request", { error: errorText(error), heldBack });
  }
  return new Response(null, { status: 500 });
}
