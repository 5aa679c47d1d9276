/**
 * Redirects: from http to https, and of routes whose mode is `redirect`. Pure.
 *
 * @module
 */
import type { RedirectConfig, RedirectStatus } from "../config/config.ts";
import { plainAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";

/** The port that an `https:` URL need not name. */
const HTTPS_PORT = 443;

/** Sends an exchange to the same host and target over https (RFC 9110 §15.4). */
export function redirectToHttps(
  exchange: Exchange,
  options: { status: RedirectStatus; httpsPort: number },
): Response {
  const { status, httpsPort } = options;
  // An IP literal has no hostname; the catch-all route serves it all the same.
  const host = exchange.hostname ?? exchange.authority.replace(/:\d*$/, "");
  const port = httpsPort === HTTPS_PORT ? "" : `:${httpsPort}`;
  return answer(status, `https://${host}${port}${pathOf(exchange)}`);
}

/** Sends an exchange where its route says; path and query are kept unless `to` has a path. */
export function redirectTo(exchange: Exchange, redirect: RedirectConfig): Response {
  const { to, status } = redirect;
  const keepsTarget = to.pathname === "/" && to.search === "";
  return answer(status, keepsTarget ? `${to.origin}${pathOf(exchange)}` : to.href);
}

/** `OPTIONS *` (RFC 9110 §9.3.7) asks for no path. */
function pathOf({ target }: Exchange): string {
  return target === "*" ? "/" : target;
}

function answer(status: RedirectStatus, location: string): Response {
  const response = plainAnswer(status, location, { location });
  response.headers.delete("cache-control");
  return response;
}
