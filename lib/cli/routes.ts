/**
 * `postern routes`.
 *
 * @module
 */
import { formatAddress } from "../base/addresses.ts";
import { formatHostPattern } from "../base/hostnames.ts";
import type { CertificateConfig, RouteConfig, ServerConfig } from "../config/config.ts";
import type { Verb } from "./command_line.ts";
import { readConfig } from "./read_config.ts";
import { formatTable } from "./table.ts";

const HEAD = ["HOST", "MODE", "443", "80", "CERTIFICATE", "PROXY HEADER"];

/** Prints what each host means: one line per host, in the order of the file. */
export const routes: Verb = async (options, terminal) => {
  const config = await readConfig(options.config, terminal);
  if (config === undefined) return 2;
  const hasPort80 = config.listen.http.length > 0;
  const rows = config.routes.flatMap((route) => {
    const [mode, ...rest] = cells(route, hasPort80);
    return route.hosts.map((host) => [formatHostPattern(host), mode, ...rest]);
  });
  terminal.out(formatTable([HEAD, ...rows]));
  return 0;
};

function cells(route: RouteConfig, hasPort80: boolean): string[] {
  return [
    route.mode,
    secureCell(route),
    hasPort80 ? plainCell(route) : "-",
    certificateCell(route.certificate),
    [...new Set(route.servers.map((server) => server.proxyProtocol))].join(", ") || "off",
  ];
}

function secureCell(route: RouteConfig): string {
  if (route.redirect !== undefined) {
    return `redirect ${route.redirect.status} ${trimSlash(route.redirect.to.href)}`;
  }
  return route.mode === "reject" ? "alert" : serverCell(route.servers);
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
  return servers.map(({ address, scheme }) => {
    const text = address.kind === "sample" ? "sample" : formatAddress(address);
    return scheme === "tcp" || address.kind !== "tcp" ? text : `${scheme}://${text}`;
  }).join(", ");
}

function trimSlash(url: string): string {
  return url.replace(/\/$/, "");
}
