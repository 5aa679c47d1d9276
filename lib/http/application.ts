/**
 * What answers exchanges, whichever server they came by: paths, and the policies that stand before
 * their handlers. Hono routes; what passes through it are exchanges and answers, not the `Request` and
 * `Response` it was made for: it hands both on without looking into them, and so costs less than a
 * microsecond. The only place that knows of this.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Exchange } from "./exchange.ts";
import type { Answer } from "./message.ts";

/** Answers an exchange. Throws or rejects only for a defect of our own: the server answers 500. */
export type Handler = (exchange: Exchange) => Answer | Promise<Answer>;

/**
 * Stands before a handler: answers by itself, or calls `next` (once) and may change what comes back.
 * It may hand another exchange on, with other headers for instance.
 */
export type Policy = (
  exchange: Exchange,
  next: (exchange?: Exchange) => Promise<Answer>,
) => Answer | Promise<Answer>;

/** A handler made of routes. */
export interface Application {
  answer(exchange: Exchange): Answer | Promise<Answer>;
}

/** One way through an application. */
export interface ApplicationPath {
  /** As Hono reads it: `/a/b` for exactly that, `/a/*` for `/a` and everything below; `*` for all. */
  readonly path: string;
  /** In the order in which they see the exchange. */
  readonly policies?: readonly Policy[];
  readonly handler: Handler;
}

/** What travels through Hono. */
interface Bindings {
  readonly Bindings: { readonly exchange: Exchange };
}

/** All that Hono needs of a request. HEAD it would answer by itself, so the method is always the same. */
const REQUEST = { method: "GET", url: "" } as Request;

/** How an application is made. */
export interface ApplicationOptions {
  /** Returns what is compared with the paths. Default: the path of the target, as it was sent. */
  readonly getPath?: (exchange: Exchange) => string;
}

/**
 * Makes an application.
 *
 * @param paths The first that matches wins; the last one should be `*`, for an exchange that none
 * matches is a defect.
 */
export function createApplication(
  paths: readonly ApplicationPath[],
  options: ApplicationOptions = {},
): Application {
  const { getPath = ({ target }) => pathOf(target) } = options;
  const [only] = paths;
  // Nothing is to be chosen, as on most routes; going through Hono all the same costs 0.8 us a request.
  if (paths.length === 1 && only.path === "*") return { answer: chain(only) };
  const hono = new Hono<Bindings>({ getPath: (_request, given) => getPath(given!.env!.exchange) });
  hono.onError((error) => {
    throw error;
  });
  hono.notFound(() => {
    throw new Error("no path of the application matches");
  });
  for (const each of paths) {
    const run = chain(each);
    const route = (context: Context<Bindings>) => run(context.env.exchange);
    hono.all(each.path, route as unknown as () => Response);
  }
  return {
    answer: (exchange) => hono.fetch(REQUEST, { exchange }) as unknown as Answer | Promise<Answer>,
  };
}

/** Returns the path of a target as it was sent, without its query; nothing is decoded. */
export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}

/** Puts the policies of a path before its handler. */
function chain({ policies = [], handler }: ApplicationPath): Handler {
  return policies.reduceRight(stand, handler);
}

/** Puts a policy before a handler. */
function stand(handler: Handler, policy: Policy): Handler {
  return (exchange) =>
    policy(exchange, (replaced = exchange) => Promise.resolve(handler(replaced)));
}
