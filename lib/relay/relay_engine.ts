/**
 * The data plane as the rest of the program sees it: accepts, peeks, routes, moves bytes. Every
 * engine passes the same suite of tests.
 *
 * @module
 */
import type { Endpoint, TcpAddress } from "../base/addresses.ts";
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import type { Log } from "../base/log.ts";
import type { Sampler } from "../base/sampler.ts";
import type { ListenConfig, RouteConfig } from "../config/config.ts";
import type { AddressBook } from "../hop/address_book.ts";
import type { Match, RouteTable } from "../route/route_table.ts";
import type { Balancer } from "../upstream/balancer.ts";

/** What decides about new connections. Immutable; a reload hands over another one. */
export interface RelayPlan {
  readonly table: RouteTable;
  /** From accept to the end of the ClientHello, in milliseconds. */
  readonly helloTimeoutMs: number;
}

/** A loopback listener that hops may be opened to, until `release` is called (once). */
export interface HopLease {
  readonly port: number;
  /** From the start of a hop to the end of its first request head, in milliseconds. */
  readonly headerTimeoutMs: number;
  /** Without a request in flight after that, in milliseconds. */
  readonly keepAliveTimeoutMs: number;
  release(): void;
}

/** What an engine is handed by `edge`; it imports none of the modules behind it. */
export interface RelayEnvironment {
  /** Chooses servers, and keeps what is known of them. */
  readonly balancer: Balancer;
  readonly book: AddressBook;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly sampler: Sampler;
  /**
   * Opens, if need be, the terminator of a match. An engine may use one lease for many connections, but
   * asks again every 10 s: so soon a renewed certificate is in use.
   *
   * @throws {Error} If it cannot be opened.
   */
  leaseTerminator(match: Match): Promise<HopLease>;
  /** Leases the application behind port 80. */
  leasePlainHttp(): HopLease;
  /** Takes the record of each connection when it has ended; undefined if nobody reads them. */
  readonly record: ((record: ConnectionRecord) => void) | undefined;
}

/** Why a connection ended. */
export type ConnectionEnd =
  /** Both sides ended their stream. */
  | "closed"
  | "client_reset"
  | "upstream_reset"
  | "idle_timeout"
  | "request_timeout"
  | "refused"
  | "upstream_unreachable"
  | "client_left"
  | "drained";

/** One line of the access log: a connection from accept to close. */
export interface ConnectionRecord {
  readonly client: Endpoint;
  readonly serverName: string | undefined;
  /** Position in the file; undefined if no route was chosen. */
  readonly routeIndex: number | undefined;
  /** The server, or the hop's listener, as an address. */
  readonly server: string | undefined;
  /** Read from the client, peeked bytes included; not what follows a refusal, nor a PROXY header. */
  readonly bytesUp: number;
  /** Read from the server; an alert of our own does not count. */
  readonly bytesDown: number;
  readonly durationMs: number;
  readonly end: ConnectionEnd;
  /** What was refused, or went wrong, in words. */
  readonly reason: string | undefined;
}

/** What {@linkcode RelayEngine.drain} found. */
export interface DrainResult {
  /** Connections that ended by themselves. */
  readonly finished: number;
  /** Connections that were cut when the time was over. */
  readonly cut: number;
}

/** The addresses that are listened on, with the ports that `0` became. */
export interface BoundAddresses {
  readonly https: readonly TcpAddress[];
  readonly http: readonly TcpAddress[];
}

/** One data plane. */
export interface RelayEngine {
  readonly name: string;
  /** Looks whether routes ask for what cannot be done here. @throws {Error} If one does. */
  check(routes: readonly RouteConfig[]): void;
  /** Opens the public sockets. @throws {Error} If one cannot be opened; none is left open then. */
  listen(listen: ListenConfig): BoundAddresses;
  /**
   * Decides new connections by another plan. Open ones are not touched. Resolves once no connection is
   * decided by the plan before.
   */
  update(plan: RelayPlan): Promise<void>;
  /** Leases terminators anew for the connections to come: a certificate has been replaced. */
  refreshTerminators(): void;
  /** Connections that are open. */
  readonly open: number;
  /** Stops accepting; open connections go on. */
  stopAccepting(): void;
  /** Waits until every connection has ended; cuts what is left after `timeoutMs` milliseconds. */
  drain(timeoutMs: number): Promise<DrainResult>;
}
