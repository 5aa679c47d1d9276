/**
 * The application behind the terminators: one Hono application for every offloaded host. A host is
 * served under its own route, whatever name the connection was opened with, if the connection's
 * certificate serves it; otherwise 421 tells the client to open a connection of its own.
 *
 * @module
 */
import { type Context, Hono, type Next } from "hono";
import type { Counters } from "../base/counters.ts";
import type { Match } from "../route/route_table.ts";
import { plainAnswer } from "./answer.ts";
import type { ExchangeBindings } from "./exchange.ts";
import { type Application, rethrow } from "./loopback_server.ts";
import { proxy, type ProxyEnvironment } from "./proxy.ts";
import { redirectTo } from "./redirect.ts";

/** What the application is handed. */
export interface OffloadOptions {
  readonly counters: Counters;
  readonly proxy: ProxyEnvironment;
  /**
   * Finds the route of a host.
   *
   * @returns undefined if the certificate that the application's connections are secured with does
   * not serve it, or the host is not offloaded.
   */
  serves(hostname: string | undefined): Match | undefined;
}

type OffloadBindings = ExchangeBindings & { readonly Variables: { match: Match } };

/** Creates the application of one terminator. */
export function createOffloadApplication(options: OffloadOptions): Application {
  const application = new Hono<OffloadBindings>();
  application.onError(rethrow);
  application.use(requireServedHost(options), refuseGrpc);
  application.all("*", (context) => {
    const { exchange } = context.env;
    const { route } = context.get("match");
    if (route.redirect !== undefined) return redirectTo(exchange, route.redirect);
    return proxy(exchange, route, options.proxy);
  });
  return application as unknown as Application;
}

function requireServedHost({ counters, serves }: OffloadOptions) {
  return (context: Context<OffloadBindings>, next: Next) => {
    const match = serves(context.env.exchange.hostname);
    if (match === undefined) {
      counters.add("request_misdirected");
      return Promise.resolve(plainAnswer(421, "This connection does not serve this host"));
    }
    context.set("match", match);
    return next();
  };
}

/** The runtime cannot send trailers, which every gRPC answer ends with. A status in the head says so. */
function refuseGrpc(context: Context<OffloadBindings>, next: Next) {
  const type = context.req.header("content-type");
  if (type === undefined || !/^application\/grpc(?:[+;]|$)/i.test(type)) return next();
  const response = new Response(null, { headers: { "content-type": "application/grpc" } });
  response.headers.set("grpc-status", "12"); // UNIMPLEMENTED
  response.headers.set("grpc-message", "gRPC is not offloaded here: use mode passthrough");
  return Promise.resolve(response);
}
