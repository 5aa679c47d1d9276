/**
 * Sends requests to servers over HTTP/1.1 connections of its own, which it keeps for reuse. Strict in
 * what it takes from a server, for what it lets through reaches a client. Does not choose servers,
 * follow redirects or decode content; a connection that has switched protocols is given away. Does
 * I/O.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Counters } from "../../base/counters.ts";
import { Failure } from "../../base/failures.ts";
import { RequestHeadEncoder } from "../http1/request_head.ts";
import type { Answer, HeaderLine, UpstreamRequest } from "../message.ts";
import { dial } from "./dial.ts";
import { Pool, type PoolOptions } from "./pool.ts";
import { hostOf } from "./server_name.ts";
import { UpstreamConnection } from "./upstream_connection.ts";
import { UpstreamExchange } from "./upstream_exchange.ts";
import { poolKey, type UpstreamServer } from "./upstream_server.ts";

/** What the client works with. */
export interface UpstreamClientOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly pool?: Omit<PoolOptions, "clock">;
}

/** What one request may ask for. */
export interface SendOptions {
  /** Called for each interim (1xx) response but 100, as received, before the final one. */
  readonly onInterim?: (status: number, headers: readonly HeaderLine[]) => void;
  /** Called when the server is at fault that an answer which has begun does not come to its end. */
  readonly onCut?: (failure: Failure) => void;
}

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PUT",
  "DELETE",
]);

/** Sends requests. Disposing of it closes its idle connections. */
export class UpstreamClient implements Disposable {
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #pool: Pool;
  readonly #heads = new RequestHeadEncoder();
  readonly #open = new Set<UpstreamConnection>();
  #isClosed = false;

  constructor(options: UpstreamClientOptions) {
    this.#clock = options.clock;
    this.#counters = options.counters;
    this.#pool = new Pool({ clock: options.clock, ...options.pool });
  }

  /** How many connections are open, idle ones included. */
  get openConnections(): number {
    return this.#open.size;
  }

  /** How many connections wait for a request. */
  get idleConnections(): number {
    return this.#pool.size;
  }

  /**
   * Sends a request and waits for the head of its response. The response's body has to be read to its
   * end or cancelled, and the connection of a tunnel closed.
   *
   * The request's body: with an answer, it belongs to the client, which reads on while the answer is
   * read, and cancels what is left when that ends. After a failure it has been cancelled if it was
   * read from (`isTouched`); if not, it is still the caller's, who may try another server or cancels it.
   *
   * A request with an idempotent method whose body, if any, has not been read from is sent once more, on
   * a fresh connection, if the reused one was closed before one byte of an answer (RFC 9112 §9.3.1).
   *
   * @throws {Failure} Of any kind; nothing of the exchange is left open then, an untouched body excepted.
   */
  async send(
    server: UpstreamServer,
    request: UpstreamRequest,
    options: SendOptions = {},
  ): Promise<Answer> {
    if (request.signal.aborted) throw new Failure("client_gone", "client left");
    const head = this.#encodeHead(request);
    const serverName = serverNameOf(server, request);
    const key = poolKey(server, serverName);
    const exchangeOn = (connection: UpstreamConnection, isReused: boolean) =>
      new UpstreamExchange(connection, request, {
        clock: this.#clock,
        isReused,
        responseMs: server.responseMs,
        onInterim: options.onInterim,
        onCut: options.onCut,
        onReusable: (reusable) => this.#keep(key, reusable),
      });
    const pooled = this.#pool.take(key);
    if (pooled !== undefined) {
      try {
        return await exchangeOn(pooled, true).run(head);
      } catch (error) {
        if (!mayRetry(error, request)) throw error;
        this.#counters.add("upstream_retries");
      }
    }
    const connection = await this.#dial(server, serverName, request.signal);
    // Other heads have been encoded meanwhile.
    return await exchangeOn(connection, false).run(this.#encodeHead(request));
  }

  /**
   * Closes the idle connections, and each of the others when its exchange is over. Tunnels are not the
   * client's any more.
   */
  close(): void {
    this.#isClosed = true;
    this.#pool.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @returns Bytes that are valid until the next head is encoded. */
  #encodeHead(request: UpstreamRequest): Uint8Array {
    const head = this.#heads.encode(request);
    if (head.kind === "head") return head.bytes;
    throw new Failure("client_malformed", `Cannot send the request: ${head.reason}`);
  }

  async #dial(
    server: UpstreamServer,
    serverName: string,
    signal: AbortSignal,
  ): Promise<UpstreamConnection> {
    const raw = await dial(server, serverName, { clock: this.#clock, signal });
    const connection: UpstreamConnection = new UpstreamConnection(raw, {
      clock: this.#clock,
      onClosed: () => this.#open.delete(connection),
    });
    this.#open.add(connection);
    return connection;
  }

  #keep(key: string, connection: UpstreamConnection): void {
    if (this.#isClosed) connection.close();
    else this.#pool.put(key, connection);
  }
}

function mayRetry(error: unknown, request: UpstreamRequest): boolean {
  return error instanceof Failure && error.kind === "upstream_stale" &&
    !request.body?.isTouched && IDEMPOTENT.has(request.method) && !request.signal.aborted;
}

function serverNameOf(server: UpstreamServer, request: UpstreamRequest): string {
  if (server.tls === undefined) return "";
  const name = server.tls.serverName ?? hostOf(request.headers);
  if (name !== undefined) return name;
  throw new Failure("client_malformed", "Cannot verify the server: the request has no usable host");
}
