/**
 * The listener for clients that offer HTTP/2: the runtime's engine. Opens another one when that gives
 * up. Whoever opens it closes it. Does I/O.
 *
 * @module
 */
import type { Timer } from "../base/clock.ts";
import { CoarseClock } from "../base/coarse_clock.ts";
import { errorText } from "../base/failures.ts";
import { ACCEPT_PAUSE_MS, RELAY_TIMER_STEP_MS } from "../base/limits.ts";
import { answerHttp2Error, Http2Request } from "./http2_request.ts";
import type { LoopbackOptions, LoopbackServer } from "./loopback_server.ts";

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
    const { application, certificate, environment, onListen } = this.#options;
    const clock = new CoarseClock(environment.clock, RELAY_TIMER_STEP_MS);
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
      onError: (error) => answerHttp2Error(environment, error),
    }, (request, info) => {
      const served = new Http2Request(request, { application, clock, environment });
      return served.serve(info, server.addr.port);
    });
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
