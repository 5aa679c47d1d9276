/**
 * A loopback listener: accepts hops, and gives each to a connection of our own engines. With a
 * certificate its clients speak what they agree on in the handshake (ALPN, RFC 7301), else HTTP/1.1.
 * Goes on when it cannot accept. Whoever opens it closes it. Does I/O.
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
import { ALPN_PROTOCOLS, Handshakes } from "./handshakes.ts";
import { BufferPool } from "./http1/buffer_pool.ts";
import { HeadWriter } from "./http1/head_writer.ts";
import { HttpDate } from "./http1/http_date.ts";
import { ServerConnection } from "./http1/server_connection.ts";
import { Http2Connection } from "./http2/server_connection.ts";
import type { LoopbackOptions, LoopbackServer } from "./loopback_server.ts";
import type { RequestTimeouts, ServerContext } from "./server_context.ts";

/** What a listener serves, and how long it waits. */
export interface HttpServerOptions extends LoopbackOptions {
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
export function openHttpServer(options: HttpServerOptions): LoopbackServer {
  return new HttpServer(options);
}

/** A connection of either engine. */
type Served = ServerConnection | Http2Connection;

/** States: listening -> shut down (terminal); then connections still finish what is in flight. */
class HttpServer implements LoopbackServer {
  readonly #listener: Deno.Listener<Deno.TcpConn | Deno.TlsConn, Deno.NetAddr>;
  readonly #context: ServerContext;
  readonly #handshakes: Handshakes;
  /** Without those that have become tunnels. */
  readonly #connections = new Set<Served>();
  readonly #emptied = Promise.withResolvers<void>();
  #pause: Timer | undefined;
  #isShutDown = false;

  constructor(options: HttpServerOptions) {
    this.#listener = listen(options);
    this.#context = makeContext(options, this.port);
    this.#handshakes = new Handshakes(this.#context);
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
      this.#handshakes.close();
      for (const connection of this.#connections) connection.drain();
      this.#forget(undefined);
    }
    await this.#emptied.promise;
  }

  async #accept(): Promise<void> {
    while (!this.#isShutDown) {
      try {
        const accepted = await this.#listener.accept();
        if ("handshake" in accepted) void this.#welcome(accepted);
        else this.#serveHttp1(accepted);
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

  /** Learns what a client speaks. Others are accepted meanwhile. Never rejects. */
  async #welcome(accepted: Deno.TlsConn): Promise<void> {
    const protocol = await this.#handshakes.finish(accepted);
    if (protocol === "h2") this.#serveHttp2(accepted);
    else if (protocol !== undefined) this.#serveHttp1(accepted);
  }

  #serveHttp1(accepted: Deno.TcpConn | Deno.TlsConn): void {
    const connection: ServerConnection = new ServerConnection(accepted, this.#context, {
      remote: accepted.remoteAddr as Deno.NetAddr,
      onTunnel: () => this.#forget(connection),
    });
    this.#serve(connection);
  }

  #serveHttp2(accepted: Deno.TlsConn): void {
    const remote = accepted.remoteAddr as Deno.NetAddr;
    this.#serve(new Http2Connection(accepted, this.#context, { remote }));
  }

  #serve(connection: Served): void {
    this.#connections.add(connection);
    void connection.run().then(() => this.#forget(connection));
    // Accepted, or through its handshake, at the very moment of the shutdown.
    if (this.#isShutDown) connection.drain();
  }

  #forget(connection: Served | undefined): void {
    if (connection !== undefined) this.#connections.delete(connection);
    if (this.#isShutDown && this.#connections.size === 0) this.#emptied.resolve();
  }
}

function listen(
  { certificate }: LoopbackOptions,
): Deno.Listener<Deno.TcpConn | Deno.TlsConn, Deno.NetAddr> {
  const place = { hostname: "127.0.0.1", port: 0 };
  if (certificate === undefined) return Deno.listen(place);
  const { certPem, keyPem } = certificate;
  return Deno.listenTls({ ...place, cert: certPem, key: keyPem, alpnProtocols: ALPN_PROTOCOLS });
}

function makeContext(options: HttpServerOptions, port: number): ServerContext {
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
