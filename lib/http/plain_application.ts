/**
 * The application behind port 80, from the same route table as port 443: answers the certificate
 * authority's challenges, redirects offloaded hosts to https and forwards plain HTTP of passthrough
 * hosts, whose upstreams renew certificates of their own.
 *
 * @module
 */
import type { CidrSet } from "../base/cidr.ts";
import type { RouteConfig, ServerConfig } from "../config/config.ts";
import type { Match } from "../route/route_table.ts";
import { type Application, createApplication, pathOf, type Policy } from "./application.ts";
import type { Exchange } from "./exchange.ts";
import { encodeLatin1 } from "./http1/latin1.ts";
import type { Answer } from "./message.ts";
import { believeProxy } from "./policy/believe_proxy.ts";
import { proxy, type ProxyEnvironment } from "./proxy.ts";
import { redirectToHttps } from "./redirect.ts";
import { refuseRequest } from "./refusal.ts";

/** What stands behind it is a token (RFC 8555 §8.3). */
const CHALLENGE_PATH = "/.well-known/acme-challenge/";

/** What the application is handed. */
export interface PlainOptions {
  readonly proxy: ProxyEnvironment;
  /** Returns the HTTP proxies in front whose word about the client is taken now. */
  trustedProxies(): CidrSet;
  /** Returns the port that redirects name; it is known once the relay listens. */
  httpsPort(): number;
  /** Finds the route of a host; undefined if there is none. */
  match(hostname: string | undefined): Match | undefined;
  /** Returns the key authorization shown now for a host and a token (RFC 8555 §8.3). */
  answerChallenge(hostname: string, token: string): string | undefined;
  /** Returns the application of an offload or redirect route. */
  applicationOf(match: Match): Application;
}

/** Creates the application. */
export function createPlainApplication(options: PlainOptions): Application {
  const policies: Policy[] = [
    (exchange, next) => next(believeProxy(exchange, options.trustedProxies())),
  ];
  return createApplication([
    {
      path: `${CHALLENGE_PATH}*`,
      policies,
      handler: (exchange) => answerChallengePath(exchange, options),
    },
    { path: "*", policies, handler: (exchange) => answerOther(exchange, options) },
  ]);
}

function answerChallengePath(exchange: Exchange, options: PlainOptions): Answer | Promise<Answer> {
  const route = options.match(exchange.hostname)?.route;
  if (route === undefined) return notFound(exchange);
  if (route.mode === "offload" || route.mode === "redirect") return challenge(exchange, options);
  if (route.plainHttp.kind !== "redirect") return plain(exchange, route, options);
  return forward(exchange, route.plainHttp.challengeServers, options);
}

function answerOther(exchange: Exchange, options: PlainOptions): Answer | Promise<Answer> {
  const match = options.match(exchange.hostname);
  if (match === undefined) return notFound(exchange);
  const { certificate, plainHttp } = match.route;
  // A trusted proxy in front has ended TLS: a redirect to https would come back here for ever.
  if (exchange.scheme === "https" && certificate !== undefined && plainHttp.kind === "redirect") {
    return options.applicationOf(match).answer(exchange);
  }
  return plain(exchange, match.route, options);
}

function plain(
  exchange: Exchange,
  route: RouteConfig,
  options: PlainOptions,
): Answer | Promise<Answer> {
  const { plainHttp } = route;
  switch (plainHttp.kind) {
    case "forward":
      return forward(exchange, plainHttp.servers, options);
    case "redirect": {
      const { status } = plainHttp;
      return redirectToHttps(exchange, { status, httpsPort: options.httpsPort() });
    }
    case "off":
      return notFound(exchange);
  }
}

function forward(
  exchange: Exchange,
  servers: readonly ServerConfig[],
  options: PlainOptions,
): Answer | Promise<Answer> {
  if (servers.length === 0) return notFound(exchange);
  return proxy(exchange, { servers }, options.proxy);
}

/** Any token but the one shown now is unknown, and never redirected: a stale answer proves nothing. */
function challenge(exchange: Exchange, options: PlainOptions): Answer {
  const { hostname, method, target } = exchange;
  const token = pathOf(target).slice(CHALLENGE_PATH.length);
  const isAsked = hostname !== undefined && (method === "GET" || method === "HEAD");
  const keyAuthorization = isAsked ? options.answerChallenge(hostname, token) : undefined;
  if (keyAuthorization === undefined) {
    return refuseRequest(exchange, { status: 404, reason: "No such challenge" });
  }
  const body = encodeLatin1(keyAuthorization);
  return { status: 200, reason: "", headers: [["Content-Type", "application/octet-stream"]], body };
}

function notFound(exchange: Exchange): Answer {
  return refuseRequest(exchange, { status: 404, reason: "No such host" });
}
