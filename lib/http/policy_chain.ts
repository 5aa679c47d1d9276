/**
 * The policies of a route or path in their order: what changes the answer stands outermost, so that it
 * sees the answers of all the others; what refuses stands before what costs; the user is known before
 * an upstream or an auth server is asked. Does no I/O.
 *
 * @module
 */
import type { BasicAuthConfig, PoliciesConfig } from "../config/config.ts";
import type { Policy } from "./application.ts";
import { type BasicAuthEnvironment, requireUser, type Users } from "./policy/basic_auth.ts";
import { compressAnswers, type CompressEnvironment } from "./policy/compress.ts";
import { showErrorPages } from "./policy/error_pages.ts";
import { askAuthServer, dropHeaders, type ForwardAuthEnvironment } from "./policy/forward_auth.ts";
import { changeResponseHeaders } from "./policy/header_changes.ts";
import { limitBody } from "./policy/limit_body.ts";
import { underMaintenance } from "./policy/maintenance.ts";
import type { Pages } from "./policy/page_files.ts";
import { limitRate, type RateLimiters } from "./policy/rate_limit.ts";
import { refuseGrpc } from "./policy/refuse_grpc.ts";
import { addSecurityHeaders } from "./policy/security_headers.ts";
import { sendStrictTransport } from "./policy/strict_transport.ts";

/** What was read from files before the configuration took effect. */
export interface PolicyFiles {
  readonly pages: Pages;
  /** Those of the configuration included. */
  readonly users: ReadonlyMap<BasicAuthConfig, Users>;
}

/** What policies work with. */
export interface PolicyEnvironment
  extends BasicAuthEnvironment, CompressEnvironment, Omit<ForwardAuthEnvironment, "send"> {
  /** Owned by whoever outlives a reload: what clients have used up stays used up. */
  readonly limiters: RateLimiters;
  readonly askAuthServer: ForwardAuthEnvironment["send"];
}

/** Makes the policies of a route or a path. */
export function createPolicies(
  policies: PoliciesConfig,
  files: PolicyFiles,
  environment: PolicyEnvironment,
): Policy[] {
  return [
    ...answerPolicies(policies, files, environment),
    ...requestPolicies(policies, files, environment),
    refuseGrpc,
  ];
}

/** What changes answers, the outermost first. */
function answerPolicies(
  policies: PoliciesConfig,
  files: PolicyFiles,
  environment: PolicyEnvironment,
): Policy[] {
  const { compress, errorPages, hsts, responseHeaders, securityHeaders } = policies;
  const chain: Policy[] = [];
  if (responseHeaders !== undefined) chain.push(changeResponseHeaders(responseHeaders));
  if (hsts !== undefined) chain.push(sendStrictTransport(hsts));
  if (securityHeaders) chain.push(addSecurityHeaders);
  if (compress !== undefined) chain.push(compressAnswers(compress, environment));
  if (errorPages !== undefined) chain.push(showErrorPages(errorPages, files.pages));
  return chain;
}

/** What lets requests through, or not. */
function requestPolicies(
  policies: PoliciesConfig,
  files: PolicyFiles,
  environment: PolicyEnvironment,
): Policy[] {
  const { basicAuth, forwardAuth, maintenance, maxBodySize, rateLimit } = policies;
  const { askAuthServer: send, limiters } = environment;
  const chain: Policy[] = [];
  if (maintenance !== undefined) chain.push(underMaintenance(maintenance, files.pages));
  if (rateLimit !== undefined) chain.push(limitRate(limiters.limiterOf(rateLimit)));
  if (maxBodySize !== undefined) chain.push(limitBody(maxBodySize));
  if (basicAuth !== undefined) {
    chain.push(requireUser(basicAuth, files.users.get(basicAuth) ?? basicAuth.users, environment));
  }
  if (policies.dropHeaders !== undefined) chain.push(dropHeaders(policies.dropHeaders));
  if (forwardAuth !== undefined) chain.push(askAuthServer(forwardAuth, { ...environment, send }));
  return chain;
}
