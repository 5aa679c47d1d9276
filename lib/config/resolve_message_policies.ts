/**
 * The keys that change messages and refuse some -> what the HTTP plane works with. Pure: files are
 * named here and read elsewhere.
 *
 * @module
 */
import { MAINTENANCE_RETRY_AFTER_MS } from "../base/limits.ts";
import { mergePolicy } from "./merge_policy.ts";
import type {
  ErrorPagesConfig,
  HeaderChanges,
  HeaderTemplate,
  HostHeaderConfig,
  HstsConfig,
  MaintenanceConfig,
  MessagePolicies,
} from "./message_policies.ts";
import type { RouteContext } from "./route_context.ts";

const YEAR_MS = 365 * 86_400_000;

/**
 * Resolves the policies of a route, or of one of its paths in the same way.
 *
 * @returns What is not configured, and what the mode has no use for, is not in it.
 */
export function resolveMessagePolicies(context: RouteContext): MessagePolicies {
  const { mode } = context;
  if (mode !== "offload" && mode !== "redirect") return {};
  const ofAnswers = {
    responseHeaders: resolveChanges(context, "response_headers"),
    hsts: resolveHsts(context),
    securityHeaders: mergePolicy(context, "security_headers") ? true as const : undefined,
  };
  const maxBodySize = mergePolicy(context, "max_body_size") ?? Infinity;
  return withoutUndefined(
    mode === "redirect" ? ofAnswers : {
      requestHeaders: resolveChanges(context, "request_headers"),
      ...ofAnswers,
      hostHeader: resolveHostHeader(context),
      maxBodySize: maxBodySize === Infinity ? undefined : maxBodySize,
      errorPages: resolveErrorPages(context),
      maintenance: resolveMaintenance(context),
    },
  );
}

type Partly<T> = { [Key in keyof T]: T[Key] | undefined };

/** So that what is not configured is not there at all. */
function withoutUndefined(policies: Partly<MessagePolicies>): MessagePolicies {
  const entries = Object.entries(policies).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as MessagePolicies;
}

function resolveChanges(
  context: RouteContext,
  key: "request_headers" | "response_headers",
): HeaderChanges | undefined {
  const { remove = [], set = {}, add = {} } = mergePolicy(context, key) ?? {};
  const changes: HeaderChanges = {
    remove,
    set: Object.entries(set).map(([name, value]): HeaderTemplate => ({ name, value })),
    add: Object.entries(add).flatMap(([name, values]) =>
      values.map((value): HeaderTemplate => ({ name, value }))
    ),
  };
  return Object.values(changes).some(({ length }) => length > 0) ? changes : undefined;
}

/** RFC 6797 §6.1. */
function resolveHsts(context: RouteContext): HstsConfig | undefined {
  const values = mergePolicy(context, "hsts");
  if (!values) return undefined;
  const needed = neededForPreload(values);
  if (needed !== undefined) refuseHsts(context, needed);
  const { max_age = YEAR_MS, include_subdomains = false, preload = false } = values;
  return { maxAgeSeconds: max_age / 1_000, includeSubdomains: include_subdomains, preload };
}

type HstsValues = NonNullable<RouteContext["defaults"]["hsts"]>;

/** What browsers' lists of hosts demand (hstspreload.org). @returns undefined if nothing is missing. */
function neededForPreload(values: HstsValues | undefined): readonly [string, string] | undefined {
  if (!values || values.preload !== true) return undefined;
  if (values.include_subdomains !== true) {
    return ['"include_subdomains"', "include_subdomains: true"];
  }
  const { max_age = YEAR_MS } = values;
  return max_age < YEAR_MS ? ['a "max_age" of a year', "max_age: 1y"] : undefined;
}

/** At the place that is to blame; what a path has from its route is reported with the route. */
function refuseHsts(
  { defaults, report, route }: RouteContext,
  [needed, edit]: readonly [string, string],
): void {
  const own = neededForPreload(defaults.hsts) === undefined;
  const path = own ? [...route.path, "hsts"] : ["defaults", "hsts"];
  if (report.valueAt(path) === undefined) return;
  report.cannotUse(path, `"preload" needs ${needed}`, { hint: `add "${edit}"` });
}

function resolveHostHeader(context: RouteContext): HostHeaderConfig | undefined {
  const choice = mergePolicy(context, "host_header");
  // Merging may have left a value of a fixed one behind.
  if (choice?.kind === "upstream") return { kind: "upstream" };
  return choice?.kind === "fixed" ? choice : undefined;
}

function resolveErrorPages(context: RouteContext): ErrorPagesConfig | undefined {
  const values = mergePolicy(context, "error_pages");
  if (values === undefined) return undefined;
  const { intercept = false, ...pages } = values as Readonly<Record<string, string>> & {
    readonly intercept?: boolean;
  };
  const files = Object.entries(pages).filter(([, file]) => file !== undefined)
    .map(([key, file]) => [key, context.resolvePath(file)]);
  return { files: Object.fromEntries(files), intercept };
}

function resolveMaintenance(context: RouteContext): MaintenanceConfig | undefined {
  const values = mergePolicy(context, "maintenance");
  if (values === undefined || values === false) return undefined;
  const { page, retry_after = MAINTENANCE_RETRY_AFTER_MS, allow = [] } = values;
  return {
    pageFile: page === undefined ? undefined : context.resolvePath(page),
    retryAfterSeconds: retry_after / 1_000,
    allow,
  };
}
