/**
 * Routes as the configuration makes them, for tests that need only some of their fields.
 *
 * @module
 */
import type { TcpAddress } from "../../lib/base/addresses.ts";
import { parseHostPattern } from "../../lib/base/hostnames.ts";
import type { RouteConfig, RouteMode, ServerConfig } from "../../lib/config/config.ts";

/** Makes an `http` server at a port of 127.0.0.1. */
export function makeServer(port: number, scheme: ServerConfig["scheme"] = "http"): ServerConfig {
  const address: TcpAddress = { kind: "tcp", hostname: "127.0.0.1", port };
  return { address, scheme, proxyProtocol: "off", weight: 1, isBackup: false };
}

/**
 * Makes a route; fields that are not given are those of the mode.
 *
 * @param hosts Patterns as in `routes.yaml`.
 */
export function makeRoute(
  mode: RouteMode,
  hosts: readonly string[],
  fields: Partial<RouteConfig> = {},
): RouteConfig {
  const isTerminated = mode === "offload" || mode === "redirect";
  return {
    index: 0,
    hosts: hosts.map((host) => parseHostPattern(host)!),
    mode,
    servers: [],
    source: "proxy",
    loadBalance: "round_robin",
    healthCheck: undefined,
    sticky: undefined,
    plainHttp: isTerminated
      ? { kind: "redirect", status: 308, challengeServers: [] }
      : { kind: "off" },
    redirect: undefined,
    certificate: isTerminated ? { kind: "internal" } : undefined,
    upstreamTls: {
      serverName: undefined,
      caFile: undefined,
      fingerprint: undefined,
      insecureSkipVerify: false,
    },
    timeouts: {
      connectMs: 5_000,
      headerMs: 10_000,
      keepAliveMs: 75_000,
      responseMs: 60_000,
      idleMs: 600_000,
    },
    policies: {},
    paths: [],
    ...fields,
  };
}
