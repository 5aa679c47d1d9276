/**
 * `paths` -> which requests of an offload route go elsewhere, are changed or guarded in another way.
 * Refuses an entry that another one hides, and keys that contradict each other. Pure.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { foldPathText } from "../base/path_text.ts";
import type {
  PathConfig,
  PathPattern,
  PathRedirectConfig,
  PathRewriteConfig,
  PoliciesConfig,
  RespondConfig,
  ServerConfig,
} from "./config.ts";
import { mergeValues } from "./merge_policy.ts";
import { coversPath, reportLoops } from "./path_loops.ts";
import { quote } from "./problem.ts";
import type { ReadMapping } from "./read_values.ts";
import type { Path } from "./report.ts";
import { resolvePolicies } from "./resolve_policies.ts";
import { resolveServers } from "./resolve_servers.ts";
import type { RouteContext } from "./route_context.ts";
import {
  type DefaultsValues,
  type PathValues,
  POLICY_KEY_NAMES,
  type RouteValues,
} from "./schema.ts";

/** A route, and what tells it from others. */
type ScopedContext = RouteContext & { readonly scope: string };

/** What a path falls back to. */
interface RouteParts {
  readonly servers: readonly ServerConfig[];
  readonly policies: PoliciesConfig;
}

/** One entry while it is read. */
interface PathContext extends ScopedContext {
  readonly values: PathValues;
  readonly at: Path;
}

/** Resolves the paths of a route. @returns None for the modes that have none. */
export function resolvePaths(context: ScopedContext, parts: RouteParts): PathConfig[] {
  const { mode, route } = context;
  if (mode !== "offload") return [];
  const entries = route.values.paths ?? [];
  const paths = entries.map((values, index) =>
    resolvePath({ ...context, values, at: [...route.path, "paths", index] }, parts)
  );
  reportHidden(paths, context);
  reportLoops(paths, context);
  return paths;
}

function resolvePath(context: PathContext, parts: RouteParts): PathConfig {
  const { values } = context;
  checkKeys(context);
  checkUpstreamKeys(context);
  const inner = contextOf(context);
  const own = resolveServers(inner).map(({ server }) => server);
  const hasOwn = values.upstream !== undefined || values.upstreams !== undefined;
  warnOfNarrowGuard(context);
  return {
    pattern: values.path,
    servers: hasOwn ? own : parts.servers,
    redirect: resolveRedirect(values),
    respond: resolveRespond(values.respond),
    rewrite: resolveRewrite(context),
    policies: policiesOf(inner, values, parts.policies),
  };
}

/** A path as if it were a route: what its route has takes the place of the defaults. */
function contextOf({ at, values, ...context }: PathContext): ScopedContext {
  const defaults: Record<string, unknown> = { ...context.defaults };
  for (const key of POLICY_KEY_NAMES) {
    defaults[key] = mergeValues(defaults[key], context.route.values[key]);
  }
  const { isSound } = context.route;
  // What a route has and a path has not is no part of `PathValues`, and so undefined here.
  const route = { path: at, values, isSound } as unknown as ReadMapping<RouteValues>;
  return { ...context, route, defaults: defaults as Partial<DefaultsValues> };
}

/** What comes out as the route's is the route's own object: so both share one rate limit, for instance. */
function policiesOf(
  context: ScopedContext,
  values: PathValues,
  ofRoute: PoliciesConfig,
): PoliciesConfig {
  if (POLICY_KEY_NAMES.every((key) => values[key] === undefined)) return ofRoute;
  const own = resolvePolicies(context, `${context.scope} ${formatPathPattern(values.path)}`);
  const shared = Object.entries(ofRoute).filter(([name, policy]) =>
    isDeepStrictEqual(own[name as keyof PoliciesConfig], policy)
  );
  const rateLimit = values.rate_limit === undefined ? ofRoute.rateLimit : own.rateLimit;
  return { ...own, ...Object.fromEntries(shared), ...(rateLimit && { rateLimit }) };
}

/** Reports keys that contradict each other: what is not used is a mistake. */
function checkKeys({ at, report, values }: PathContext): void {
  const doing = ["upstream", "upstreams", "to", "respond"] as const;
  const [first, ...others] = doing.filter((key) => values[key] !== undefined);
  for (const key of others) {
    report.cannotReadKey([...at, key], `${quote(first)} is given as well`, {
      hint: "an entry has one upstream, one redirect or one answer",
    });
  }
  if (values.status !== undefined && values.to === undefined) {
    const hint = 'remove it, or write "respond: { status: … }"';
    report.cannotUse([...at, "status"], 'it is the status of "to", which is not given', { hint });
  }
  const changes = (["strip_prefix", "rewrite"] as const).filter((key) => values[key] !== undefined);
  if (changes.length === 2) {
    report.cannotReadKey([...at, "rewrite"], '"strip_prefix" is given as well', {
      hint: '"rewrite" puts something in the place of what "path" says: it strips by itself',
    });
  }
  for (const key of changes) {
    if (values.respond === undefined && !isFixed(values.to)) continue;
    report.cannotUse([...at, key], "no upstream and no redirect is told the path", {
      hint: "remove it",
    });
  }
}

/** Reports changes to what an upstream gets, where there is none. What the route says is no mistake. */
function checkUpstreamKeys({ at, report, values }: PathContext): void {
  if (values.respond === undefined && values.to === undefined) return;
  for (const key of ["request_headers", "host_header"] as const) {
    if (values[key] === undefined) continue;
    report.cannotUse([...at, key], "no upstream gets these requests", { hint: "remove it" });
  }
}

/** A redirect to a path, or to a URL with one, says by itself where it leads. */
function isFixed(to: PathValues["to"]): boolean {
  if (to === undefined) return false;
  return typeof to === "string" || to.pathname !== "/" || to.search !== "";
}

/** `/login` is one path; `/login/` is another one, and many servers answer both in the same way. */
function warnOfNarrowGuard({ at, report, values }: PathContext): void {
  if (values.path.kind === "prefix") return;
  const isGuard = (key: "basic_auth" | "forward_auth") =>
    values[key] !== undefined && values[key] !== "off";
  if (!isGuard("basic_auth") && !isGuard("forward_auth")) return;
  report.cannotUse([...at, "path"], "only exactly this path is guarded, and nothing below it", {
    severity: "warning",
    hint: `write ${quote(`${values.path.path.replace(/\/$/, "")}/*`)}`,
  });
}

function resolveRedirect({ to, status = 308 }: PathValues): PathRedirectConfig | undefined {
  if (to === undefined) return undefined;
  if (typeof to === "string") return { location: to, keepsTarget: false, status };
  const keepsTarget = !isFixed(to);
  return { location: keepsTarget ? to.origin : to.href, keepsTarget, status };
}

function resolveRespond(respond: PathValues["respond"]): RespondConfig | undefined {
  if (respond === undefined) return undefined;
  const { status = 200, body = "", content_type: contentType = "text/plain; charset=utf-8" } =
    respond;
  return { status, body, contentType };
}

function resolveRewrite({ at, report, values }: PathContext): PathRewriteConfig | undefined {
  const { path: pattern, rewrite, strip_prefix: strip } = values;
  if (rewrite !== undefined) {
    if (pattern.kind === "exact") return { segments: Infinity, by: rewrite };
    return { segments: countSegments(pattern.path), by: rewrite.replace(/\/$/, "") };
  }
  if (strip === undefined || strip === false) return undefined;
  const prefix = strip === true ? pattern.path : strip;
  const isPart = pattern.path === prefix || pattern.path.startsWith(`${prefix}/`);
  if (!isPart) {
    report.cannotUse([...at, "strip_prefix"], `"path" does not begin with it`, {
      hint: "what is stripped must be there on every request: write true, or a part of the path",
    });
  }
  if (prefix === "") return undefined;
  if (pattern.kind === "exact" && prefix === pattern.path) return { segments: Infinity, by: "/" };
  return { segments: countSegments(prefix), by: "" };
}

function countSegments(path: string): number {
  return path.split("/").length - 1;
}

/** Reports entries that no request reaches, for one above them matches all that they match. */
function reportHidden(paths: readonly PathConfig[], { report, route }: RouteContext): void {
  const folded = paths.map(({ pattern }) => ({ ...pattern, path: foldPathText(pattern.path) }));
  paths.forEach(({ pattern }, index) => {
    const above = folded.slice(0, index).findIndex((other) => coversPath(other, folded[index]));
    if (above < 0) return;
    const at = (entry: number): Path => [...route.path, "paths", entry, "path"];
    const [name, place] = [formatPathPattern(paths[above].pattern), report.placeOf(at(above))];
    const text = `${quote(name)} at ${place}`;
    const isBefore = coversPath(paths[above].pattern, pattern);
    const state = isBefore
      ? `${text} matches it before`
      : `some servers do not tell it from ${text}`;
    const hint = isBefore
      ? "the first entry that matches wins: put this one above"
      : "each request for it would be refused with 400: keep one of the two";
    report.cannotUse(at(index), state, { hint });
  });
}

/** Formats a pattern as it stands in the file. */
export function formatPathPattern({ kind, path }: PathPattern): string {
  return kind === "exact" ? path : `${path}/*`;
}
