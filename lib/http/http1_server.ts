/**
 * The listener for clients that speak HTTP/1.1, and for port 80: accepts hops and gives each to a
 * connection of our own engine. Goes on when it cannot accept. Whoever opens it closes it. Does I/O.
 *
 * @module
 */
import { CoarseClock } from "../base/coarse_clock.ts";
import type { Timer } from "../base/clock.ts";
import { errorText } from "../base/failures.ts";
import {
  ACCEPT_PAUSE_MS,
  ANSWER_BUFFERS_IDLE_MAX,
  ANSWER_HEAD_ROOM_BYTES,
  BODY_READ_BYTES,
  HOP_WAIT_TIMEOUT_MS,
  RELAY_TIMER_STEP_MS,
} from "../base/limits.ts";
import { BufferPool } from "./http1/buffer_pool.ts";
import { HeadWriter } from "./http1/head_writer.ts";
import { HttpDate } from "./http1/http_date.ts";
import { ServerConnection } from "./http1/server_connection.ts";
import type { RequestTimeouts, ServerContext } from "./http1/server_context.ts";
import type { LoopbackOptions, LoopbackServer } from "./loopback_server.ts";

/** What a listener serves, and how long it waits. */
export interface Http1ServerOptions extends LoopbackOptions {
  /**
   * By default {@linkcode HOP_WAIT_TIMEOUT_MS} each: the relay ends the hops it has made when their
   * routes say so, and this server is there for the others.
   */
  readonly timeouts?: Partial<RequestTimeouts>;
}

/**
 * Opens a listener on 127.0.0.1 and any free port.
 *
 * @throws {Error} If the certificate and the key do not belong together, or no descriptor is free.
 */
export function openHttp1Server(options: Http1ServerOptions): LoopbackServer {
  return new Http1Server(options);
}

/** States: listening -> shut down (terminal); then connections still finish what is in flight. */
class Http1Server implements LoopbackServer {
  readonly #listener: Deno.Listener<Deno.TcpConn | Deno.TlsConn, Deno.NetAddr>;
  readonly #context: ServerContext;
  /** Without those that have become tunnels. */
  readonly #connections = new Set<ServerConnection>();
  readonly #emptied = Promise.withResolvers<void>();
  #pause: Timer | undefined;
  #isShutDown = false;

  constructor(options: Http1ServerOptions) {
    this.#listener = listen(options);
    this.#context = makeContext(options, this.port);
    options.onListen?.(this.port);
    void this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async shutdown(): Promise<void> {
    if (!this.#isShutDown) {
      this.#isShutDown = true;
      this.#pause?.cancel();
      this.#listener.close();
      for (const connection of this.#connections) connection.drain();
      this.#forget(undefined);
    }
    await this.#emptied.promise;
  }

  async #accept(): Promise<void> {
    while (!this.#isShutDown) {
      try {
        this.#serve(await this.#listener.accept());
      } catch (error) {
        if (this.#isShutDown) return;
        return this.#acceptLater(error);
      }
    }
  }

  /** No descriptor is free, for instance; the hop waits in the kernel. */
  #acceptLater(error: unknown): void {
    const { counters, log, sampler } = this.#context.environment;
    counters.add("accept_failures");
    const heldBack = sampler.admit("loopback_listener");
    if (heldBack !== undefined) {
      log.warn("Cannot accept on the hop, trying again", { error: errorText(error), heldBack });
    }
    this.#pause = this.#context.clock.after(ACCEPT_PAUSE_MS, () => void this.#accept());
  }

  #serve(accepted: Deno.TcpConn | Deno.TlsConn): void {
    const connection: ServerConnection = new ServerConnection(accepted, this.#context, {
      remote: accepted.remoteAddr as Deno.NetAddr,
      onTunnel: () => this.#forget(connection),
    });
    this.#connections.add(connection);
    void connection.run().then(() => this.#forget(connection));
  }

  #forget(connection: ServerConnection | undefined): void {
    if (connection !== undefined) this.#connections.delete(connection);
    if (this.#isShutDown && this.#connections.size === 0) this.#emptied.resolve();
  }
}

/**
 * Handshakes are part of the first read. The runtime goes on waiting for one after its connection was
 * closed here; it ends with the other side, which is the relay, and that has limits of its own.
 */
function listen(
  { certificate }: LoopbackOptions,
): Deno.Listener<Deno.TcpConn | Deno.TlsConn, Deno.NetAddr> {
  const place = { hostname: "127.0.0.1", port: 0 };
  if (certificate === undefined) return Deno.listen(place);
  const { certPem, keyPem } = certificate;
  return Deno.listenTls({ ...place, cert: certPem, key: keyPem, alpnProtocols: ["http/1.1"] });
}

function makeContext(options: Http1ServerOptions, port: number): ServerContext {
  const { clock } = options.environment;
  const bufferBytes = BODY_READ_BYTES + ANSWER_HEAD_ROOM_BYTES;
  return {
    ...options,
    port,
    clock: new CoarseClock(clock, RELAY_TIMER_STEP_MS),
    buffers: new BufferPool(bufferBytes, ANSWER_BUFFERS_IDLE_MAX),
    date: new HttpDate(clock),
    headWriter: new HeadWriter(),
    timeouts: {
      headerMs: HOP_WAIT_TIMEOUT_MS,
      keepAliveMs: HOP_WAIT_TIMEOUT_MS,
      ...options.timeouts,
    },
  };
}
