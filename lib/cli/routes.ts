/**
 * `postern routes`.
 *
 * @module
 */
import { formatAddress } from "../base/addresses.ts";
import { formatDuration } from "../base/durations.ts";
import { formatHostPattern } from "../base/hostnames.ts";
import type {
  CertificateConfig,
  HealthCheckConfig,
  PathConfig,
  RouteConfig,
  RouteSource,
  ServerConfig,
} from "../config/config.ts";
import { formatPathPattern } from "../config/resolve_paths.ts";
import type { Verb } from "./command_line.ts";
import { formatPathTarget, formatPolicies } from "./policy_text.ts";
import { readConfig } from "./read_config.ts";
import { formatTable } from "./table.ts";

const HEAD = ["HOST", "MODE", "443", "80", "CERTIFICATE", "PROXY HEADER"];

/** What servers see as the client's address. */
const SOURCE_CELLS: Readonly<Record<RouteSource, string>> = {
  proxy: "-",
  client: "client",
  client_or_proxy: "client, else proxy",
};

/** Columns that stand there only if any route has something to say in them. */
interface Columns {
  readonly port80: boolean;
  readonly sources: boolean;
  readonly policies: boolean;
}

/**
 * Prints what each host means: one line per host, in the order of the file, and below the last host of
 * a route one for each of its `paths`. Whose address servers see, and what is done with requests, are
 * columns only if any route configures it.
 */
export const routes: Verb = async (options, terminal) => {
  const config = await readConfig(options.config, terminal);
  if (config === undefined) return 2;
  const columns: Columns = {
    port80: config.listen.http.length > 0,
    sources: config.routes.some(({ source }) => source !== "proxy"),
    policies: config.routes.some((route) =>
      [route, ...route.paths].some(({ policies }) => formatPolicies(policies) !== "-")
    ),
  };
  const rows = config.routes.flatMap((route) => [
    ...route.hosts.map((host) => [formatHostPattern(host), ...cells(route, columns)]),
    ...route.paths.map((path) => pathCells(path, columns)),
  ]);
  const head = [
    ...HEAD,
    ...columns.sources ? ["SOURCE"] : [],
    ...columns.policies ? ["POLICIES"] : [],
  ];
  terminal.out(formatTable([head, ...rows]));
  return 0;
};

function cells(route: RouteConfig, { port80, sources, policies }: Columns): string[] {
  return [
    route.mode,
    secureCell(route),
    port80 ? plainCell(route) : "-",
    certificateCell(route.certificate),
    [...new Set(route.servers.map((server) => server.proxyProtocol))].join(", ") || "off",
    ...sources ? [SOURCE_CELLS[route.source]] : [],
    ...policies ? [formatPolicies(route.policies)] : [],
  ];
}

/** What a path has from its route is not said again, but for what is done with its requests. */
function pathCells(path: PathConfig, { sources, policies }: Columns): string[] {
  return [
    `  ${formatPathPattern(path.pattern)}`,
    "",
    formatPathTarget(path, serverCell(path.servers)),
    "",
    "",
    "",
    ...sources ? [""] : [],
    ...policies ? [formatPolicies(path.policies)] : [],
  ];
}

function secureCell(route: RouteConfig): string {
  if (route.redirect !== undefined) {
    return `redirect ${route.redirect.status} ${trimSlash(route.redirect.to.href)}`;
  }
  return route.mode === "reject" ? "alert" : serverCell(route.servers) + balanceText(route);
}

/** What differs from servers in turn, all of which count as up. */
function balanceText({ healthCheck, loadBalance, sticky }: RouteConfig): string {
  const parts = [
    loadBalance === "round_robin" ? [] : [loadBalance],
    sticky === undefined ? [] : [`sticky ${sticky.cookie}`],
    healthCheck === undefined ? [] : [checkText(healthCheck)],
  ].flat();
  return parts.map((part) => `; ${part}`).join("");
}

function checkText({ intervalMs, probe }: HealthCheckConfig): string {
  const what = probe.kind === "tcp" ? "tcp" : `http ${probe.path}`;
  return `check ${what} every ${formatDuration(intervalMs)}`;
}

function plainCell({ plainHttp }: RouteConfig): string {
  switch (plainHttp.kind) {
    case "forward":
      return serverCell(plainHttp.servers);
    case "redirect": {
      const { status, challengeServers } = plainHttp;
      const challenges = challengeServers.length === 0
        ? ""
        : `, challenges to ${serverCell(challengeServers)}`;
      return `redirect ${status}${challenges}`;
    }
    case "off":
      return "404";
  }
}

function certificateCell(certificate: CertificateConfig | undefined): string {
  if (certificate === undefined) return "-";
  return certificate.kind === "file" ? certificate.certFile : certificate.kind;
}

function serverCell(servers: readonly ServerConfig[]): string {
  return servers.map(({ address, isBackup, scheme, weight }) => {
    const text = address.kind === "sample" ? "sample" : formatAddress(address);
    const url = scheme === "tcp" || address.kind !== "tcp" ? text : `${scheme}://${text}`;
    return `${url}${weight === 1 ? "" : ` weight ${weight}`}${isBackup ? " backup" : ""}`;
  }).join(", ");
}

function trimSlash(url: string): string {
  return url.replace(/\/$/, "");
}
