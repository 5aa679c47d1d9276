/**
 * The upstreams of a route: the servers that share clients, with how they are chosen and checked; and
 * the names under which what is known of a server survives a reload. Pure.
 *
 * @module
 */
import { formatAddress } from "../base/addresses.ts";
import type {
  HealthCheckConfig,
  LoadBalance,
  RouteConfig,
  ServerConfig,
  UpstreamTlsConfig,
} from "../config/config.ts";

/** Servers of which a client gets one. */
export interface UpstreamGroup {
  /** With every `sample` replaced. Its identity stands for the group. */
  readonly servers: readonly ServerConfig[];
  readonly loadBalance: LoadBalance;
  readonly healthCheck: HealthCheckConfig | undefined;
  readonly upstreamTls: UpstreamTlsConfig;
  /** Plain HTTP of a passthrough route: its servers are checked at their `checkedAs` only. */
  readonly isPlainHttp: boolean;
}

/**
 * Lists the upstreams of routes: each one's own, those of its paths, and that of its plain HTTP, if it
 * has them.
 */
export function upstreamGroups(routes: readonly RouteConfig[]): UpstreamGroup[] {
  return routes.flatMap((route) => [
    routeGroup(route),
    ...route.paths.filter(({ servers }) => servers !== route.servers)
      .map(({ servers }) => ({ ...routeGroup(route), servers })),
    ...plainServers(route).map((servers) => ({ ...routeGroup(route), servers, isPlainHttp: true })),
  ]);
}

/** Returns the upstream of a route's own servers. */
export function routeGroup(route: RouteConfig): UpstreamGroup {
  const { servers, loadBalance, healthCheck, upstreamTls } = route;
  return { servers, loadBalance, healthCheck, upstreamTls, isPlainHttp: false };
}

function plainServers({ plainHttp }: RouteConfig): (readonly ServerConfig[])[] {
  switch (plainHttp.kind) {
    case "forward":
      return [plainHttp.servers];
    case "redirect":
      return [plainHttp.challengeServers];
    case "off":
      return [];
  }
}

/** Names a server as people know it. */
export function formatServerName({ address }: ServerConfig): string {
  return address.kind === "sample" ? "sample" : formatAddress(address);
}

/** Names what is the same server to everybody: address, scheme, and how it proves who it is. */
export function serverKey(server: ServerConfig, { upstreamTls }: UpstreamGroup): string {
  const plain = `${server.scheme} ${formatServerName(server)}`;
  return server.scheme === "https" ? `${plain} ${JSON.stringify(upstreamTls)}` : plain;
}

/** Names a check of a server: equal ones are done once. undefined if the server is not checked. */
export function healthKey(server: ServerConfig, group: UpstreamGroup): string | undefined {
  const checked = group.isPlainHttp ? server.checkedAs : server;
  if (checked === undefined || group.healthCheck === undefined) return undefined;
  return `${serverKey(checked, group)} ${JSON.stringify(group.healthCheck)}`;
}
