/**
 * Redirects: from http to https, and of routes whose mode is `redirect`. Pure.
 *
 * @module
 */
import type { RedirectConfig, RedirectStatus } from "../config/config.ts";
import type { Exchange } from "./exchange.ts";
import { encodeLatin1 } from "./http1/latin1.ts";
import type { Answer, HeaderLine } from "./message.ts";

/** The port that an `https:` URL need not name. */
const HTTPS_PORT = 443;

/** Sends an exchange to the same host and target over https (RFC 9110 §15.4). */
export function redirectToHttps(
  exchange: Exchange,
  options: { status: RedirectStatus; httpsPort: number },
): Answer {
  const { status, httpsPort } = options;
  // An IP literal has no hostname; the catch-all route serves it all the same.
  const host = exchange.hostname ?? exchange.authority.replace(/:\d*$/, "");
  const port = httpsPort === HTTPS_PORT ? "" : `:${httpsPort}`;
  return answer(status, `https://${host}${port}${pathOf(exchange)}`);
}

/** Sends an exchange where its route says; path and query are kept unless `to` has a path. */
export function redirectTo(exchange: Exchange, redirect: RedirectConfig): Answer {
  const { to, status } = redirect;
  const keepsTarget = to.pathname === "/" && to.search === "";
  return answer(status, keepsTarget ? `${to.origin}${pathOf(exchange)}` : to.href);
}

/** `OPTIONS *` (RFC 9110 §9.3.7) asks for no path. */
function pathOf({ target }: Exchange): string {
  return target === "*" ? "/" : target;
}

/** A redirect may be kept by caches as its status says. */
function answer(status: RedirectStatus, location: string): Answer {
  const body = encodeLatin1(`${location}\n`);
  const headers: HeaderLine[] = [
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Location", location],
  ];
  return { status, reason: "", headers, body };
}
