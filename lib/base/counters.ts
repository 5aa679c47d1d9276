/**
 * What happened how often since the start. Every refusal has a counter here.
 *
 * @module
 */

/** Every counter with what it counts; a name that is not here cannot be counted. */
export const COUNTERS = {
  connections_accepted: "connections accepted on a public port",
  connections_relayed: "connections relayed to a server",
  connections_terminated: "connections handed to a terminator",
  connections_lost: "connections that were lost with a relay worker",
  records_lost: "connection records dropped because they came too fast",
  accept_failures: "accept calls that failed: no descriptors, or a client that had reset already",
  hello_timeout: "clients that did not finish their ClientHello in time",
  hello_not_tls: "connections on the TLS port that did not speak TLS",
  hello_malformed: "ClientHellos that break the grammar",
  hello_too_large: "ClientHellos over the size limit",
  hello_closed: "clients that left before their ClientHello was whole",
  server_name_unknown: "server names no route matches",
  server_name_rejected: "connections of routes whose mode is reject",
  server_dials: "attempts to connect to a server",
  source_client: "connections to a server from the client's address and port",
  source_any_port: "connections to a server from the client's address, its port being in use here",
  source_local: "clients of this machine whose server is connected to from Postern's own address",
  source_fallback:
    "connections from Postern's own address, server and client having other families",
  source_mismatch: "connections refused because no server has an address of the client's family",
  upstream_unreachable: "connections for which no server could be reached",
  upstream_down: "connections and requests for which no server was up",
  health_checks: "health checks of servers",
  health_check_failures: "health checks that failed",
  servers_down: "times a server that was up was found to be down",
  servers_up: "times a server that was down was found to be up",
  terminator_unavailable: "connections for which no terminator could be opened",
  idle_timeout: "connections ended because no byte moved for too long",
  request_timeout: "hops ended because no request was in flight for too long",
  hop_unknown: "requests on a loopback port that no relayed connection accounts for",
  hop_conflict: "hops dialled again because their ports were still held in the address book",
  requests: "requests handled",
  request_refused: "requests refused before they reached an upstream",
  credentials_refused: "requests refused for a wrong name or password",
  credentials_busy: "requests refused because too many passwords were being checked",
  forward_auth_failures: "requests refused because the auth server could not be asked",
  requests_rate_limited: "requests refused by a rate limit",
  request_misdirected: "requests for a host the connection's certificate does not serve",
  request_loop: "requests that came back to this process",
  body_timeout: "requests whose client was silent within the body for too long",
  answer_timeout: "answers given up because their client took nothing of them for too long",
  http2_errors: "HTTP/2 streams and connections ended for breaking the rules of the protocol",
  http2_abuse: "HTTP/2 connections ended because they cost too much",
  tunnels: "connections that switched to another protocol, such as WebSocket",
  upstream_failures: "requests lost because their upstream failed",
  upstream_retries: "requests sent again on a fresh connection",
  acme_issued: "certificates issued",
  acme_failures: "attempts to get a certificate that failed",
  state_set_aside: "files that could not be read and were set aside",
} as const;

/** The name of a counter. */
export type CounterName = keyof typeof COUNTERS;

/** A set of counters, all zero at first. */
export class Counters {
  readonly #values = new Map<CounterName, number>();

  /** Adds `amount`, by default 1. */
  add(name: CounterName, amount = 1): void {
    this.#values.set(name, this.get(name) + amount);
  }

  /** Returns the count so far. */
  get(name: CounterName): number {
    return this.#values.get(name) ?? 0;
  }

  /** Returns the counters that are not zero, in the order of {@linkcode COUNTERS}. */
  snapshot(): Partial<Record<CounterName, number>> {
    const names = Object.keys(COUNTERS) as CounterName[];
    return Object.fromEntries(
      names.filter((name) => this.get(name) > 0).map((name) => [name, this.get(name)]),
    );
  }
}
