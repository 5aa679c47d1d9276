/**
 * Puts the sample servers' addresses where the configuration says `sample`. Pure.
 *
 * @module
 */
import { formatHostPattern } from "../base/hostnames.ts";
import type { PlainHttpConfig, RouteConfig, ServerConfig } from "../config/config.ts";
import type { SampleServers } from "./sample_servers.ts";

/** Says whether any route asks for a sample server. */
export function wantsSamples(routes: readonly RouteConfig[]): boolean {
  return routes.some(hasSample);
}

/** Returns the names that the TLS sample needs in its certificate. */
export function sampleNames(routes: readonly RouteConfig[]): string[] {
  const names = routes
    .filter(hasSample)
    .flatMap((route) => route.hosts.filter(({ kind }) => kind !== "any").map(formatHostPattern));
  return ["sample.localhost", ...names];
}

/** Returns the routes with addresses that can be connected to. */
export function withSamples(
  routes: readonly RouteConfig[],
  samples: Pick<SampleServers, "http" | "tls">,
): readonly RouteConfig[] {
  const replace = (servers: readonly ServerConfig[]) =>
    servers.map((server) => {
      if (server.address.kind !== "sample") return server;
      return { ...server, address: server.scheme === "tcp" ? samples.tls : samples.http };
    });
  return routes.map((route) => {
    const servers = replace(route.servers);
    return {
      ...route,
      servers,
      plainHttp: withPlainServers(route.plainHttp, replace),
      // A path without servers of its own has the route's list, and the turns in it.
      paths: route.paths.map((path) => ({
        ...path,
        servers: path.servers === route.servers ? servers : replace(path.servers),
      })),
    };
  });
}

function hasSample({ servers, paths }: RouteConfig): boolean {
  return [servers, ...paths.map((path) => path.servers)].some((list) =>
    list.some(({ address }) => address.kind === "sample")
  );
}

function withPlainServers(
  plainHttp: PlainHttpConfig,
  replace: (servers: readonly ServerConfig[]) => readonly ServerConfig[],
): PlainHttpConfig {
  switch (plainHttp.kind) {
    case "forward":
      return { ...plainHttp, servers: replace(plainHttp.servers) };
    case "redirect":
      return { ...plainHttp, challengeServers: replace(plainHttp.challengeServers) };
    case "off":
      return plainHttp;
  }
}
