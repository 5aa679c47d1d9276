/**
 * The application of one offload or redirect route: its paths, and before each of them the policies
 * that the route configures for it. Made once per configuration, so that what is not configured costs
 * nothing.
 *
 * @module
 */
import type { PathConfig, PathRewriteConfig, RouteConfig } from "../config/config.ts";
import { formatPathPattern } from "../config/resolve_paths.ts";
import {
  type Application,
  type ApplicationPath,
  createApplication,
  type Handler,
} from "./application.ts";
import { createPolicies, type PolicyEnvironment, type PolicyFiles } from "./policy_chain.ts";
import { replacedNames } from "./policy/header_changes.ts";
import { createPathMatcher, type PathMatch } from "./policy/match_path.ts";
import { redirectPath, respondWith } from "./policy/path_answers.ts";
import { compileRequestHeaders } from "./policy/request_headers.ts";
import { rewriteTarget } from "./policy/rewrite_target.ts";
import { withFields } from "./policy/with_fields.ts";
import { withoutTrailers } from "./policy/without_trailers.ts";
import { proxy, type ProxyEnvironment } from "./proxy.ts";
import { redirectTo } from "./redirect.ts";
import { refuseRequest } from "./refusal.ts";
import { stickyOf } from "./sticky.ts";

/** What the applications of routes are handed. */
export interface RouteEnvironment {
  readonly proxy: ProxyEnvironment;
  readonly policies: PolicyEnvironment;
  readonly files: PolicyFiles;
}

/** What Hono knows the entries of `paths` by: which one a request belongs to, `match_path.ts` decides. */
const entryPath = (index: number) => `/path/${index}`;
const AMBIGUOUS_PATH = "/ambiguous";
const ROUTE_PATH = "/route";

/** Creates the application of a route. */
export function createRouteApplication(
  route: RouteConfig,
  environment: RouteEnvironment,
): Application {
  const { paths, policies, redirect, servers, sticky } = route;
  const { files } = environment;
  const own: ApplicationPath = {
    path: "*",
    policies: createPolicies(policies, files, environment.policies),
    handler: redirect === undefined
      ? proxyTo({ policies, servers, sticky: stickyOf(sticky, servers) }, environment)
      : (exchange) => redirectTo(exchange, redirect),
  };
  if (paths.length === 0) return createApplication([own]);
  const entries = paths.map((entry, index): ApplicationPath => ({
    path: entryPath(index),
    policies: createPolicies(entry.policies, files, environment.policies),
    handler: handlerOf(entry, stickyOfPath(route, entry), environment),
  }));
  const ambiguous = { path: AMBIGUOUS_PATH, policies: own.policies, handler: refuseAmbiguous };
  const match = createPathMatcher(paths);
  return createApplication([...entries, ambiguous, own], {
    getPath: ({ target }) => pathOfMatch(paths, match(target)),
  });
}

function stickyOfPath({ servers, sticky }: RouteConfig, entry: PathConfig): RouteConfig["sticky"] {
  const path = entry.servers === servers ? undefined : formatPathPattern(entry.pattern);
  return stickyOf(sticky, entry.servers, path);
}

function pathOfMatch(paths: readonly PathConfig[], match: PathMatch): string {
  if (match.kind === "ambiguous") return AMBIGUOUS_PATH;
  return match.kind === "path" ? entryPath(paths.indexOf(match.path)) : ROUTE_PATH;
}

const refuseAmbiguous: Handler = (exchange) =>
  refuseRequest(exchange, {
    status: 400,
    reason: "Bad request: servers may read its path in different ways",
  });

function handlerOf(
  { policies, redirect, respond, rewrite, servers }: PathConfig,
  sticky: RouteConfig["sticky"],
  environment: RouteEnvironment,
): Handler {
  if (respond !== undefined) return respondWith(respond);
  const handler = redirect === undefined
    ? proxyTo({ policies, servers, sticky }, environment)
    : redirectPath(redirect);
  return rewrite === undefined ? handler : rewriteBefore(handler, rewrite);
}

function proxyTo(
  target: Pick<RouteConfig, "policies" | "servers" | "sticky">,
  { proxy: proxyEnvironment }: RouteEnvironment,
): Handler {
  const { policies, servers, sticky } = target;
  const to = { servers, sticky, changeHeaders: compileRequestHeaders(policies) };
  const { requestHeaders } = policies;
  const replaced = requestHeaders === undefined ? [] : replacedNames(requestHeaders);
  if (replaced.length === 0) return (exchange) => proxy(exchange, to, proxyEnvironment);
  return (exchange) => {
    const body = withoutTrailers(exchange.body, replaced);
    const asked = body === exchange.body ? exchange : withFields(exchange, { body });
    return proxy(asked, to, proxyEnvironment);
  };
}

/** The innermost: policies have seen what the client asked for. */
function rewriteBefore(handler: Handler, rewrite: PathRewriteConfig): Handler {
  return (exchange) => {
    const target = rewriteTarget(exchange.target, rewrite);
    if (target !== undefined) return handler(withFields(exchange, { target }));
    exchange.body?.cancel();
    const reason = "Bad request: its path cannot be rewritten";
    return refuseRequest(exchange, { status: 400, reason });
  };
}
