/**
 * The relay on `Deno.listen` and `Deno.connect`: works on every platform and needs no FFI. Bytes
 * pass through JavaScript, which costs about as much as two other proxies would.
 *
 * @module
 */
import { type Endpoint, formatHostPort, type TcpAddress, unmapIpv4 } from "../../base/addresses.ts";
import { CoarseClock } from "../../base/coarse_clock.ts";
import { errorText } from "../../base/failures.ts";
import { ACCEPT_PAUSE_MS, RELAY_TIMER_STEP_MS } from "../../base/limits.ts";
import type { ListenConfig, RouteConfig } from "../../config/config.ts";
import { needsClientSource } from "../needs_client_source.ts";
import type {
  BoundAddresses,
  DrainResult,
  RelayEngine,
  RelayEnvironment,
  RelayPlan,
} from "../relay_engine.ts";
import { ClientConnection } from "./client_connection.ts";
import { closeQuietly } from "./close_quietly.ts";
import { servePlainHttp } from "./relay_to_hop.ts";
import { serveTls } from "./serve_tls.ts";

/** Which of the two flows a public port has. */
type Purpose = "https" | "http";

/** Opens no socket before `listen`; holds public sockets until `stopAccepting`. */
export class PortableEngine implements RelayEngine {
  readonly name = "portable";
  readonly #environment: RelayEnvironment;
  readonly #clock: CoarseClock;
  #plan: RelayPlan;
  #stopped = false;
  readonly #listeners: Deno.TcpListener[] = [];
  readonly #connections = new Set<ClientConnection>();
  readonly #whenEmpty: (() => void)[] = [];

  constructor(plan: RelayPlan, environment: RelayEnvironment) {
    this.#plan = plan;
    this.#environment = environment;
    this.#clock = new CoarseClock(environment.clock, RELAY_TIMER_STEP_MS);
  }

  check(routes: readonly RouteConfig[]): void {
    if (!needsClientSource(routes)) return;
    throw new Error('Cannot use "source: client": the portable engine cannot, only splice can');
  }

  listen(listen: ListenConfig): BoundAddresses {
    try {
      const https = listen.https.map((address) => this.#open(address, "https"));
      const http = listen.http.map((address) => this.#open(address, "http"));
      return { https, http };
    } catch (error) {
      this.stopAccepting();
      throw error;
    }
  }

  update(plan: RelayPlan): Promise<void> {
    this.#plan = plan;
    return Promise.resolve();
  }

  refreshTerminators(): void {
    // It leases for each connection, and so has none that could be old.
  }

  get open(): number {
    return this.#connections.size;
  }

  stopAccepting(): void {
    this.#stopped = true;
    this.#listeners.splice(0).forEach(closeQuietly);
  }

  async drain(timeoutMs: number): Promise<DrainResult> {
    this.stopAccepting();
    const before = this.#connections.size;
    const late = Promise.withResolvers<void>();
    using _timer = this.#environment.clock.after(timeoutMs, () => late.resolve());
    await Promise.race([this.#empty(), late.promise]);
    const cut = this.#connections.size;
    for (const connection of this.#connections) connection.cut();
    await this.#empty();
    return { finished: before - cut, cut };
  }

  #open(address: TcpAddress, purpose: Purpose): TcpAddress {
    const { hostname, port } = address;
    let listener: Deno.TcpListener;
    try {
      listener = Deno.listen({ hostname, port });
    } catch (error) {
      const text = `Cannot listen on ${formatHostPort(hostname, port)}: ${errorText(error)}`;
      throw new Error(text, { cause: error });
    }
    this.#listeners.push(listener);
    void this.#accept(listener, purpose);
    return { kind: "tcp", hostname, port: listener.addr.port };
  }

  async #accept(listener: Deno.TcpListener, purpose: Purpose): Promise<void> {
    while (!this.#stopped) {
      try {
        const socket = await listener.accept();
        this.#environment.counters.add("connections_accepted");
        void this.#serve(socket, purpose);
      } catch (error) {
        if (!this.#stopped) await this.#endureFailure(error);
      }
    }
  }

  async #endureFailure(error: unknown): Promise<void> {
    const { clock, counters, log, sampler } = this.#environment;
    counters.add("accept_failures");
    // A client that reset its connection in the queue must not hold up those behind it.
    if (isOfOneClient(error)) return;
    if (sampler.admit("accept") !== undefined) {
      log.warn("Cannot accept", { error: errorText(error) });
    }
    await new Promise<void>((resolve) => clock.after(ACCEPT_PAUSE_MS, resolve));
  }

  /** Never throws. */
  async #serve(socket: Deno.TcpConn, purpose: Purpose): Promise<void> {
    const { hostname, port } = socket.remoteAddr;
    const client: Endpoint = { ip: unmapIpv4(hostname), port };
    const plan = this.#plan;
    const options = { environment: this.#environment, clock: this.#clock };
    const connection = new ClientConnection(socket, client, options);
    this.#connections.add(connection);
    await connection.serve((served) => {
      socket.setNoDelay();
      return purpose === "https" ? serveTls(served, plan) : servePlainHttp(served);
    });
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#whenEmpty.splice(0).forEach((resolve) => resolve());
  }

  #empty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }
}

/** Says whether accept failed for the connection it took, rather than for want of descriptors. */
function isOfOneClient(error: unknown): boolean {
  // The runtime asks for the client's address (ENOTCONN); other systems report ECONNABORTED.
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionReset;
}
