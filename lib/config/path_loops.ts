/**
 * Redirects that lead clients in a circle: back to the route, or to an entry of its `paths`, for ever.
 * Reports what is certain, and nothing that depends on what follows a path. Pure.
 *
 * @module
 */
import { readPathText } from "../base/path_text.ts";
import { findHost } from "./check_hosts.ts";
import type { PathConfig, PathPattern } from "./config.ts";
import type { RouteContext } from "./route_context.ts";

/** What is wrong with a redirect in a circle. */
export const LEADS_BACK = "it leads back to this route, for ever";

/** Says whether a URL is one of this route. Another port of the same host is another server's. */
export function leadsBack(to: URL, { hosts, listen, route }: RouteContext): boolean {
  const isHttps = to.protocol === "https:";
  const port = to.port === "" ? (isHttps ? 443 : 80) : Number(to.port);
  const own = isHttps ? listen.https : listen.http;
  // A public port that is mapped onto another one of ours is still reached under the usual number.
  if (to.port !== "" && !own.some((address) => address.port === port)) return false;
  const found = findHost(hosts, to.hostname);
  return found !== undefined && found[1] === route.path[1];
}

/** Reports the entries of `paths` whose redirects come back to them, by themselves or over others. */
export function reportLoops(paths: readonly PathConfig[], context: RouteContext): void {
  const { report, route } = context;
  const following = paths.map((path) => {
    const next = nextOf(path, context);
    return next && paths.findIndex(({ pattern }) => coversPath(pattern, next));
  });
  for (const start of paths.keys()) {
    const passed = new Set<number>();
    let at = following[start];
    while (at !== undefined && at >= 0 && at !== start && !passed.has(at)) {
      passed.add(at);
      at = following[at];
    }
    if (at === start) report.cannotUse([...route.path, "paths", start, "to"], LEADS_BACK);
  }
}

/** Says whether whatever is of one pattern is of another one, too. */
export function coversPath(wide: PathPattern, narrow: PathPattern): boolean {
  if (wide.kind === "exact") return narrow.kind === "exact" && narrow.path === wide.path;
  return narrow.path === wide.path || narrow.path.startsWith(`${wide.path}/`);
}

/** @returns What clients ask for next, where they come back; undefined if they do not. */
function nextOf(path: PathConfig, context: RouteContext): PathPattern | undefined {
  const { pattern, redirect, rewrite } = path;
  if (redirect === undefined) return undefined;
  const isOwnPath = redirect.location.startsWith("/");
  const url = new URL(redirect.location, "https://localhost");
  if (!isOwnPath && !leadsBack(url, context)) return undefined;
  if (!redirect.keepsTarget) return { kind: "exact", path: textOf(url.pathname) };
  if (rewrite === undefined) return pattern;
  if (rewrite.segments === Infinity) return { kind: "exact", path: textOf(rewrite.by) };
  const rest = pattern.path.split("/").slice(rewrite.segments + 1).map((segment) => `/${segment}`);
  return { kind: pattern.kind, path: textOf(rewrite.by) + rest.join("") };
}

/** As patterns are written. */
function textOf(path: string): string {
  return (readPathText(path) ?? path).toLowerCase();
}
