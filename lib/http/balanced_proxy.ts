/**
 * The part of the proxy's environment that shares requests out: which servers are tried, and how many
 * requests each of them has. Does I/O through what it is given.
 *
 * @module
 */
import type { ServerConfig } from "../config/config.ts";
import type { Asker, Balancer } from "../upstream/balancer.ts";
import type { ProxyEnvironment } from "./proxy.ts";
import { watchAnswer } from "./upstream/watch_answer.ts";

/** What {@linkcode balancedProxy} makes. */
export interface BalancedProxy {
  /**
   * Yields servers to try, the first choice first; each is chosen when it is wanted.
   *
   * @throws {Failure} `upstream_down` if no server is up.
   */
  orderServers(servers: readonly ServerConfig[], asker?: Asker): Iterable<ServerConfig>;
  readonly send: ProxyEnvironment["send"];
}

/** Puts a balancer in front of a way to send requests. */
export function balancedProxy(balancer: Balancer, send: ProxyEnvironment["send"]): BalancedProxy {
  return {
    orderServers: (servers, asker) => balancer.orderServers(servers, asker),
    send(server, request, options) {
      const answering = send(server, request, options);
      if (!balancer.usesCounts) return answering;
      balancer.begin(server);
      return watchAnswer(answering, () => balancer.end(server));
    },
  };
}
