/**
 * What is done with the requests of an offload route, or of one of its paths, from what is given there
 * and what stands behind it: `defaults` behind a route, both behind a path. Pure.
 *
 * @module
 */
import type { PoliciesConfig } from "./config.ts";
import { resolveBasicAuth, resolveForwardAuth, resolveRateLimit } from "./resolve_access.ts";
import { resolveCompress } from "./resolve_compress.ts";
import { resolveMessagePolicies } from "./resolve_message_policies.ts";
import type { RouteContext } from "./route_context.ts";

/**
 * Resolves every policy. A path is resolved as a route is, with what its route has as its defaults.
 *
 * @param scope Tells this route or path from all others, across reloads.
 */
export function resolvePolicies(context: RouteContext, scope: string): PoliciesConfig {
  const ofMessages = resolveMessagePolicies(context);
  if (context.mode !== "offload") return ofMessages;
  return withoutUndefined({
    ...ofMessages,
    basicAuth: resolveBasicAuth(context),
    forwardAuth: resolveForwardAuth(context),
    rateLimit: resolveRateLimit(context, scope),
    compress: resolveCompress(context),
  });
}

/** So that a policy that is not configured is not there at all. */
function withoutUndefined(policies: PoliciesConfig): PoliciesConfig {
  return Object.fromEntries(Object.entries(policies).filter(([, policy]) => policy !== undefined));
}
