/**
 * `source` and `source_fallback` -> whose address a route's servers see. Refuses what cannot be done:
 * only IP has addresses, and only the splice engine can use a client's. Pure.
 *
 * @module
 */
import type { RouteSource } from "./config.ts";
import { formatServer, type PlacedServer } from "./resolve_servers.ts";
import type { RouteContext } from "./route_context.ts";

/** Resolves the source of a route. @param placed Its servers. */
export function resolveSource(
  context: RouteContext,
  placed: readonly PlacedServer[],
): RouteSource {
  const { defaults, mode, report, route } = context;
  const { values, path } = route;
  if (mode !== "passthrough") return "proxy";
  const source = values.source ?? defaults.source ?? "proxy";
  if (source === "proxy") {
    if (values.source_fallback !== undefined) {
      const hint = 'remove it, or set "source: client"';
      const state = 'it means something only with "source: client"';
      report.cannotUse([...path, "source_fallback"], state, { hint });
    }
    return "proxy";
  }
  refuseWhatCannotBeDone(context, placed);
  const fallback = values.source_fallback ?? defaults.source_fallback;
  return fallback === "proxy" ? "client_or_proxy" : "client";
}

function refuseWhatCannotBeDone(context: RouteContext, placed: readonly PlacedServer[]): void {
  const { engine, report, route } = context;
  const path = route.values.source === undefined
    ? ["defaults", "source"]
    : [...route.path, "source"];
  if (engine === "portable") {
    const state = "the portable engine cannot connect from a client's address";
    const hint = 'set "relay.engine: auto", or "proxy_protocol: v2" instead of "source: client"';
    return report.cannotUse(path, state, { hint });
  }
  const other = placed.find(({ server }) => server.address.kind !== "tcp");
  if (other === undefined) return;
  const state = `server ${formatServer(other.server)} is not reached by IP address and port`;
  const hint = 'give it as "host:port", or set "source: proxy" for this route';
  report.cannotUse(path, state, { hint });
}
