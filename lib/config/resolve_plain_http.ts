/**
 * What port 80 does with a route: given, or derived from the mode. A passthrough host's plain HTTP
 * goes to port 80 of its servers, so that they can answer their own ACME challenges. Pure.
 *
 * @module
 */
import type { PlainHttpConfig, ServerConfig } from "./config.ts";
import { isOwnAddress } from "./own_addresses.ts";
import type { Path } from "./report.ts";
import { formatServer, type PlacedServer } from "./resolve_servers.ts";
import type { RouteContext } from "./route_context.ts";
import type { PlainHttpChoice } from "./schema.ts";

const OFF: PlainHttpConfig = { kind: "off" };
const REDIRECT: PlainHttpConfig = { kind: "redirect", status: 308, challengeServers: [] };
const HINT = 'give the server\'s plain HTTP address as "http_upstream"';

/** Resolves what port 80 does. Once a problem is reported, the result serves no purpose. */
export function resolvePlainHttp(
  context: RouteContext,
  servers: readonly PlacedServer[],
): PlainHttpConfig {
  if (context.mode === "reject") return OFF;
  return context.mode === "passthrough"
    ? resolvePassthrough(context, servers)
    : resolveTerminated(context);
}

/** For `offload` and `redirect`, where Postern answers the challenges itself. */
function resolveTerminated({ route, defaults, mode, report }: RouteContext): PlainHttpConfig {
  if (route.values.http?.kind === "forward") {
    // It would serve in clear text what the certificate is there to protect, and hand the answers
    // to our own ACME challenges to a server that does not have them.
    report.cannotUse([...route.path, "http"], `mode "${mode}" serves its hosts over TLS only`, {
      hint: 'use "http: redirect", or "mode: passthrough" if the server has its own certificate',
    });
    return OFF;
  }
  const http = route.values.http ?? (defaults.http?.kind === "forward" ? undefined : defaults.http);
  if (http?.kind === "off") return OFF;
  return http?.kind === "redirect" ? { ...http, challengeServers: [] } : REDIRECT;
}

function resolvePassthrough(
  context: RouteContext,
  servers: readonly PlacedServer[],
): PlainHttpConfig {
  const { route, defaults, report } = context;
  const http = route.values.http ?? defaults.http ?? derivedChoice(context);
  if (http.kind === "off") {
    if (route.values.http_upstream !== undefined && route.values.http !== undefined) {
      report.cannotUse([...route.path, "http_upstream"], '"http: off" has no use for it', {
        hint: 'remove one of "http" and "http_upstream"',
      });
    }
    return OFF;
  }
  const given = resolveHttpUpstream(context);
  if (http.kind === "redirect") {
    if (given !== undefined) return { ...http, challengeServers: given };
    const challengeServers = derive(servers, context, () => {});
    // Without servers another problem has been told.
    if (servers.length > 0 && challengeServers.length === 0) warnOfLostChallenges(context);
    return { ...http, challengeServers };
  }
  const forward = given ?? derive(servers, context, (path, state) => {
    // In a broken route the address may have been given, and refused for another reason.
    if (route.isSound) report.cannotUse(path, state, { hint: HINT });
  });
  return { kind: "forward", servers: forward };
}

/** Nobody would hear of it before the server's certificate has run out. */
function warnOfLostChallenges({ listen, report, route }: RouteContext): void {
  // In a broken route the address may have been given, and refused for another reason.
  if (!route.isSound || listen.http.length === 0) return;
  const state = 'with "http: redirect" ACME challenges over HTTP get 404, for no plain HTTP ' +
    "address of its server is known";
  report.cannotReadMapping(route.path, state, { severity: "warning", hint: HINT });
}

function derivedChoice({ listen, route }: RouteContext): PlainHttpChoice {
  const hasPort80 = listen.http.length > 0 || route.values.http_upstream !== undefined;
  return { kind: hasPort80 ? "forward" : "off" };
}

/** @returns undefined if no address is given; empty if the one that is given cannot be used. */
function resolveHttpUpstream(context: RouteContext): ServerConfig[] | undefined {
  const { route, defaults, report } = context;
  const own = route.values.http_upstream;
  const address = own ?? defaults.http_upstream;
  if (address === undefined) return undefined;
  const path: Path = own === undefined
    ? ["defaults", "http_upstream"]
    : [...route.path, "http_upstream"];
  if (isOwnAddress(address.address, context.listen)) {
    report.cannotUse(path, "Postern itself listens there, expected the server's own address");
    return [];
  }
  return [{ ...address, proxyProtocol: "off", weight: 1, isBackup: false }];
}

/** Port 80 of each server, once; the ones that have none are given to `refuse`. */
function derive(
  servers: readonly PlacedServer[],
  context: RouteContext,
  refuse: (path: Path, state: string) => void,
): ServerConfig[] {
  const derived = new Map<string, ServerConfig>();
  for (const { server, path } of servers) {
    const { address, weight, isBackup } = server;
    if (address.kind === "unix") {
      refuse(path, "plain HTTP cannot be forwarded to port 80 of a Unix socket");
      continue;
    }
    const plain: ServerConfig = {
      address: address.kind === "tcp" ? { ...address, port: 80 } : address,
      scheme: "http",
      proxyProtocol: "off",
      weight,
      isBackup,
      checkedAs: address.kind === "tcp" ? server : undefined,
    };
    const name = formatServer(plain);
    const other = derived.get(name);
    // Two servers of one host: its port 80 is as good as the better of them.
    if (other !== undefined) {
      derived.set(name, { ...other, isBackup: isBackup && other.isBackup, checkedAs: undefined });
    } else if (!isOwnAddress(plain.address, context.listen)) derived.set(name, plain);
    else refuse(path, `plain HTTP would go to ${name}, where Postern itself listens`);
  }
  return [...derived.values()];
}
