/**
 * One entry of `routes`, defaults put in, -> what the rest of Postern works with. Pure.
 *
 * @module
 */
import {
  CONNECT_TIMEOUT_MS,
  HEADER_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  RELAY_IDLE_TIMEOUT_MS,
  RESPONSE_TIMEOUT_MS,
} from "../base/limits.ts";
import { formatHostPattern } from "../base/hostnames.ts";
import { withDroppedHeaders } from "./dropped_headers.ts";
import { checkMode } from "./check_modes.ts";
import type { RedirectConfig, RouteConfig, TimeoutsConfig } from "./config.ts";
import { LEADS_BACK, leadsBack } from "./path_loops.ts";
import type { ReadMapping } from "./read_values.ts";
import { checkBalance, resolveHealthCheck, resolveSticky } from "./resolve_balancing.ts";
import { resolvePaths } from "./resolve_paths.ts";
import { resolvePlainHttp } from "./resolve_plain_http.ts";
import { resolvePolicies } from "./resolve_policies.ts";
import { resolveServers } from "./resolve_servers.ts";
import { resolveSource } from "./resolve_source.ts";
import { resolveCertificate, resolveUpstreamTls } from "./resolve_tls.ts";
import type { FileContext, RouteContext } from "./route_context.ts";
import type { DefaultsValues, RouteValues } from "./schema.ts";

/**
 * Resolves a route and reports what contradicts itself in it.
 *
 * @param index Position in the file, from 0.
 * @returns undefined if the mode could not be read; of use only if no problem was reported at all.
 */
export function resolveRoute(
  index: number,
  route: ReadMapping<RouteValues>,
  file: FileContext,
): RouteConfig | undefined {
  const { mode, hosts = [] } = route.values;
  if (mode === undefined) return undefined;
  checkMode(route, mode, file);
  const context: RouteContext = { ...file, route, mode };
  const placed = resolveServers(context);
  const servers = placed.map(({ server }) => server);
  const loadBalance = route.values.load_balance ?? file.defaults.load_balance ?? "round_robin";
  checkBalance(context, loadBalance);
  // A host stands once in the file, so this names the route across reloads.
  const scope = hosts.length === 0 ? "" : formatHostPattern(hosts[0]);
  const ofRoute = resolvePolicies(context, scope);
  const { policies, paths } = withDroppedHeaders({
    policies: ofRoute,
    paths: resolvePaths({ ...context, scope }, { servers, policies: ofRoute }),
  });
  const everyServer = [...servers, ...paths.flatMap((each) => each.servers)];
  return {
    index,
    hosts,
    mode,
    servers,
    source: resolveSource(context, placed),
    loadBalance,
    healthCheck: resolveHealthCheck(context),
    sticky: resolveSticky(context),
    plainHttp: resolvePlainHttp(context, placed),
    redirect: resolveRedirect(context),
    certificate: resolveCertificate(context),
    upstreamTls: resolveUpstreamTls(context, everyServer),
    timeouts: resolveTimeouts(route.values, file.defaults),
    policies,
    paths,
  };
}

function resolveRedirect(context: RouteContext): RedirectConfig | undefined {
  const { mode, route, defaults, report } = context;
  const to = route.values.to ?? defaults.to;
  if (mode !== "redirect" || to === undefined) return undefined;
  if (leadsBack(to, context)) {
    const path = route.values.to === undefined ? ["defaults", "to"] : [...route.path, "to"];
    report.cannotUse(path, LEADS_BACK);
  }
  return { to, status: route.values.status ?? defaults.status ?? 308 };
}

function resolveTimeouts(
  values: Partial<RouteValues>,
  defaults: Partial<DefaultsValues>,
): TimeoutsConfig {
  const timeouts = { ...defaults.timeouts, ...values.timeouts };
  return {
    connectMs: timeouts.connect ?? CONNECT_TIMEOUT_MS,
    headerMs: timeouts.header ?? HEADER_TIMEOUT_MS,
    keepAliveMs: timeouts.keep_alive ?? KEEP_ALIVE_TIMEOUT_MS,
    responseMs: timeouts.response ?? RESPONSE_TIMEOUT_MS,
    idleMs: timeouts.idle ?? RELAY_IDLE_TIMEOUT_MS,
  };
}
