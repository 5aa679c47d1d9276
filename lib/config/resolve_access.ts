/**
 * `basic_auth`, `forward_auth` and `rate_limit` -> who may come in, and how often. Pure: files are
 * named here and opened elsewhere.
 *
 * @module
 */
import { FORWARD_AUTH_TIMEOUT_MS } from "../base/limits.ts";
import type { BasicAuthConfig, ForwardAuthConfig, RateLimitConfig } from "./config.ts";
import { mergePolicy } from "./merge_policy.ts";
import { isOwnAddress } from "./own_addresses.ts";
import type { Path } from "./report.ts";
import type { RouteContext } from "./route_context.ts";
import type { RouteValues } from "./schema.ts";

/** What a `basic_auth` mapping holds. */
type BasicAuthValues = Exclude<NonNullable<RouteValues["basic_auth"]>, "off">;

const SECOND_MS = 1_000;

/** Resolves `basic_auth`; without a user nobody could come in, which is a mistake. */
export function resolveBasicAuth(context: RouteContext): BasicAuthConfig | undefined {
  const given = mergePolicy(context, "basic_auth");
  if (given === undefined) return undefined;
  const { users: listed, users_file: file } = usersOf(context, given);
  const users = new Map(Object.entries(listed ?? {}));
  if (users.size === 0 && file === undefined) {
    refuse(context, "basic_auth", 'it has no user, expected "users" or "users_file"', {
      hint: '"postern hash-password" makes the hash of a password',
    });
  }
  return {
    realm: given.realm ?? "Postern",
    users,
    usersFile: file === undefined ? undefined : context.resolvePath(file),
    passes: given.pass ?? false,
  };
}

/** Who names users of one kind means these and no others: a path for two of many, for instance. */
function usersOf(
  { route }: RouteContext,
  merged: BasicAuthValues,
): Pick<BasicAuthValues, "users" | "users_file"> {
  const own = route.values.basic_auth;
  const isOwn = own !== undefined && own !== "off" &&
    (own.users !== undefined || own.users_file !== undefined);
  return isOwn ? own : merged;
}

/** Resolves `forward_auth`. */
export function resolveForwardAuth(context: RouteContext): ForwardAuthConfig | undefined {
  const given = mergePolicy(context, "forward_auth");
  if (given === undefined) return undefined;
  if (given.url === undefined) {
    refuse(
      context,
      "forward_auth",
      'key "url" is missing, expected a URL such as ' +
        '"http://authelia:9091/api/authz/forward-auth"',
    );
    return undefined;
  }
  const { server, target, authority } = given.url;
  if (isOwnAddress(server.address, context.listen)) {
    refuse(
      context,
      "forward_auth",
      "Postern itself listens there, expected the server's own address",
    );
  }
  return {
    server: { ...server, proxyProtocol: "off", weight: 1, isBackup: false },
    target,
    authority,
    copyHeaders: given.copy_headers ?? [],
    requestHeaders: given.request_headers?.map((name) => name.toLowerCase()),
    timeoutMs: given.timeout ?? FORWARD_AUTH_TIMEOUT_MS,
  };
}

/** Resolves `rate_limit`. @param scope See {@linkcode RateLimitConfig}. */
export function resolveRateLimit(
  context: RouteContext,
  scope: string,
): RateLimitConfig | undefined {
  const given = mergePolicy(context, "rate_limit");
  if (given === undefined) return undefined;
  if (given.requests === undefined) {
    refuse(context, "rate_limit", 'key "requests" is missing, expected a number of requests');
    return undefined;
  }
  const { requests, per = SECOND_MS, burst = requests } = given;
  return { scope, requests, perMs: per, burst };
}

/** Reports a policy where it is given, which may be in the defaults. */
function refuse(
  { report, route }: RouteContext,
  key: string,
  state: string,
  options: { hint?: string } = {},
): void {
  const own: Path = [...route.path, key];
  report.cannotUse(report.valueAt(own) === undefined ? ["defaults", key] : own, state, options);
}
