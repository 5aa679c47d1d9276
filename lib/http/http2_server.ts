/**
 * The listener for clients that offer HTTP/2: the runtime's engine. Finds out who is behind the hop,
 * reads the exchange, gives it to the application and has the runtime write the answer. Whoever opens
 * it closes it.
 *
 * @module
 */
import type { Timer } from "../base/clock.ts";
import { errorText } from "../base/failures.ts";
import { ACCEPT_PAUSE_MS } from "../base/limits.ts";
import { plainAnswer } from "./answer.ts";
import {
  answerDefect,
  type LoopbackOptions,
  type LoopbackServer,
  refuseUnknownHop,
} from "./loopback_server.ts";
import type { Answer } from "./message.ts";
import { readExchange } from "./read_exchange.ts";
import { toResponse } from "./to_response.ts";

/**
 * Opens a listener on 127.0.0.1 and any free port.
 *
 * @throws {Error} If the certificate and the key do not belong together, or no descriptor is free.
 */
export function openHttp2Server(options: LoopbackOptions): LoopbackServer {
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
      onError: (error) => toResponse("GET", answerDefect(environment, error)),
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

async function serve(
  request: Request,
  info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  listenerPort: number,
  options: LoopbackOptions,
): Promise<Response> {
  const answered = answer(request, info, listenerPort, options);
  return toResponse(request.method, answered instanceof Promise ? await answered : answered);
}

function answer(
  request: Request,
  info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  listenerPort: number,
  { application, environment }: LoopbackOptions,
): Answer | Promise<Answer> {
  const { book, clock, counters } = environment;
  const { hostname: sourceIp, port: sourcePort } = info.remoteAddr;
  const hop = book.find({ sourceIp, sourcePort, listenerPort }, clock.monotonic());
  if (hop === undefined || !book.begin(hop)) return refuseUnknownHop(environment, sourceIp);
  const over = () => book.end(hop, clock.monotonic());
  // Settles in every case, also when the client has left before the answer; a rejection says that
  // the client left in the middle, which the proxying has learned by itself.
  info.completed.then(over, over);
  counters.add("requests");
  const read = readExchange(request, hop.client);
  if (read.kind === "refused") {
    counters.add("request_refused");
    return plainAnswer(read.status, read.reason);
  }
  return application.answer(read.exchange);
}
