/**
 * The application behind the terminators, the same for every offloaded host. A host is served under
 * its own route, whatever name the connection was opened with, if the connection's certificate serves
 * it; otherwise 421 tells the client to open a connection of its own (RFC 9110 §15.5.20).
 *
 * @module
 */
import type { CidrSet } from "../base/cidr.ts";
import type { Match } from "../route/route_table.ts";
import type { Application } from "./application.ts";
import { believeProxy } from "./policy/believe_proxy.ts";
import { refuseRequest } from "./refusal.ts";

/** What the application is handed. */
export interface OffloadOptions {
  /** Returns the HTTP proxies in front whose word about the client is taken now. */
  trustedProxies(): CidrSet;
  /**
   * Finds the route of a host.
   *
   * @returns undefined if the certificate that the application's connections are secured with does
   * not serve it, or the host is not offloaded.
   */
  serves(hostname: string | undefined): Match | undefined;
  /** Returns the application of a route that {@linkcode serves} has found. */
  applicationOf(match: Match): Application;
}

/** Creates the application of one terminator. */
export function createOffloadApplication(options: OffloadOptions): Application {
  const { serves, applicationOf, trustedProxies } = options;
  return {
    answer(received) {
      const exchange = believeProxy(received, trustedProxies());
      const match = serves(exchange.hostname);
      if (match !== undefined) return applicationOf(match).answer(exchange);
      return refuseRequest(exchange, {
        status: 421,
        reason: "This connection does not serve this host",
        counter: "request_misdirected",
      });
    },
  };
}
