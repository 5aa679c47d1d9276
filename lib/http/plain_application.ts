/**
 * The application behind port 80, from the same route table as port 443: answers the certificate
 * authority's challenges, redirects offloaded hosts to https and forwards plain HTTP of passthrough
 * hosts, whose upstreams renew certificates of their own.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { RouteConfig, ServerConfig } from "../config/config.ts";
import type { Match } from "../route/route_table.ts";
import { plainAnswer } from "./answer.ts";
import type { ExchangeBindings } from "./exchange.ts";
import { type Application, rethrow } from "./loopback_server.ts";
import { proxy, type ProxyEnvironment } from "./proxy.ts";
import { redirectToHttps } from "./redirect.ts";

/** What stands behind it is a token (RFC 8555 §8.3). */
const CHALLENGE_PATH = "/.well-known/acme-challenge/";

/** What the application is handed. */
export interface PlainOptions {
  readonly proxy: ProxyEnvironment;
  /** Returns the port that redirects name; it is known once the relay listens. */
  httpsPort(): number;
  /** Finds the route of a host; undefined if there is none. */
  match(hostname: string | undefined): Match | undefined;
  /** Returns the key authorization shown now for a host and a token (RFC 8555 §8.3). */
  answerChallenge(hostname: string, token: string): string | undefined;
}

/** Creates the application. */
export function createPlainApplication(options: PlainOptions): Application {
  const application = new Hono<ExchangeBindings>();
  application.onError(rethrow);
  application.all(`${CHALLENGE_PATH}*`, (context) => {
    const route = routeOf(context, options);
    if (route === undefined) return notFound();
    if (route.mode === "offload" || route.mode === "redirect") return challenge(context, options);
    if (route.plainHttp.kind !== "redirect") return plain(context, route, options);
    return forward(context, route, route.plainHttp.challengeServers, options);
  });
  application.all("*", (context) => {
    const route = routeOf(context, options);
    return route === undefined ? notFound() : plain(context, route, options);
  });
  return application;
}

function routeOf(context: Context<ExchangeBindings>, options: PlainOptions) {
  return options.match(context.env.exchange.hostname)?.route;
}

function plain(context: Context<ExchangeBindings>, route: RouteConfig, options: PlainOptions) {
  const { plainHttp } = route;
  switch (plainHttp.kind) {
    case "forward":
      return forward(context, route, plainHttp.servers, options);
    case "redirect":
      return redirectToHttps(context.env.exchange, {
        status: plainHttp.status,
        httpsPort: options.httpsPort(),
      });
    case "off":
      return notFound();
  }
}

function forward(
  context: Context<ExchangeBindings>,
  { upstreamTls, timeouts }: RouteConfig,
  servers: readonly ServerConfig[],
  options: PlainOptions,
): Response | Promise<Response> {
  if (servers.length === 0) return notFound();
  return proxy(context.env.exchange, { servers, upstreamTls, timeouts }, options.proxy);
}

/** Any token but the one shown now is unknown, and never redirected: a stale answer proves nothing. */
function challenge(context: Context<ExchangeBindings>, options: PlainOptions): Response {
  const { hostname, method } = context.env.exchange;
  const token = context.req.path.slice(CHALLENGE_PATH.length);
  const isAsked = hostname !== undefined && (method === "GET" || method === "HEAD");
  const keyAuthorization = isAsked ? options.answerChallenge(hostname, token) : undefined;
  if (keyAuthorization === undefined) return plainAnswer(404, "No such challenge");
  return new Response(new TextEncoder().encode(keyAuthorization), {
    headers: { "content-type": "application/octet-stream" },
  });
}

function notFound(): Response {
  return plainAnswer(404, "No such host");
}
