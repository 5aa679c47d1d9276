/**
 * What is done with the requests of a route or path, in a few words for a table: what lets them in or
 * not, with its numbers, then what else is configured, by its key. Pure.
 *
 * @module
 */
import { formatAddress } from "../base/addresses.ts";
import { formatDuration } from "../base/durations.ts";
import type { PathConfig, PoliciesConfig, ServerConfig } from "../config/config.ts";

/** Formats policies in the order in which requests meet them. @returns "-" for none. */
export function formatPolicies(policies: PoliciesConfig): string {
  const { basicAuth, forwardAuth, hostHeader, maintenance, maxBodySize, rateLimit } = policies;
  const texts = [
    maintenance && "maintenance",
    rateLimit && `rate_limit ${rateLimit.requests} per ${formatDuration(rateLimit.perMs)}`,
    maxBodySize === undefined ? undefined : `max_body_size ${maxBodySize}`,
    basicAuth && "basic_auth",
    forwardAuth && `forward_auth ${serverName(forwardAuth.server)}`,
    policies.requestHeaders && "request_headers",
    hostHeader && `host ${hostHeader.kind === "fixed" ? hostHeader.value : "of upstream"}`,
    policies.errorPages && "error_pages",
    policies.compress && "compress",
    policies.securityHeaders && "security_headers",
    policies.hsts && "hsts",
    policies.responseHeaders && "response_headers",
  ].filter((text) => text !== undefined);
  return texts.length === 0 ? "-" : texts.join(", ");
}

/**
 * Formats what becomes of the requests of a path.
 *
 * @param servers As text.
 */
export function formatPathTarget(path: PathConfig, servers: string): string {
  const { redirect, respond, rewrite } = path;
  if (respond !== undefined) return `answer ${respond.status}`;
  const target = redirect === undefined
    ? servers
    : `redirect ${redirect.status} ${redirect.location}`;
  if (rewrite === undefined) return target;
  return `${target}; ${rewrite.by === "" ? "prefix stripped" : `rewritten to ${rewrite.by}`}`;
}

function serverName({ address }: ServerConfig): string {
  return address.kind === "sample" ? "sample" : formatAddress(address);
}
