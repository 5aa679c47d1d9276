/**
 * The headers of a subrequest that asks an auth server about a request, and what of its answer goes
 * into that request. Pure. Input comes from strangers.
 *
 * @module
 */
import type { ForwardAuthConfig } from "../../config/config.ts";
import type { Exchange } from "../exchange.ts";
import { upstreamRequestHeaders, withoutHopByHop } from "../headers.ts";
import type { Answer, HeaderLine } from "../message.ts";
import { dashed, withoutNames } from "./without_names.ts";

/**
 * Fields about a body that the subrequest does not have, and those by which it could be answered with
 * less than a yes or a no (RFC 9110 §13, §14): a 304 from the auth server would say neither.
 */
const NOT_ASKED =
  /^(?:content-.*|if-.*|range|trailer|x-original-.*|x-http-method.*|x-method-override)$/;

/** What Postern tells an auth server, whatever `request_headers` says. */
const ALWAYS = /^(?:x-forwarded-.*|forwarded|x-real-ip|via)$/;

/**
 * Builds the headers of the subrequest: those of the client, and where it came from, under the names
 * that Traefik gave them and others took over.
 *
 * @param via See {@linkcode upstreamRequestHeaders}.
 */
export function authRequestHeaders(
  exchange: Exchange,
  config: ForwardAuthConfig,
  via: string,
): HeaderLine[] {
  const { authority, requestHeaders } = config;
  const wanted = requestHeaders === undefined ? undefined : new Set(requestHeaders);
  const headers = upstreamRequestHeaders(exchange, via).filter(([name]) => {
    const lower = dashed(name);
    if (lower === "host" || NOT_ASKED.test(lower)) return false;
    return wanted === undefined || wanted.has(lower) || ALWAYS.test(lower);
  });
  return [
    ["Host", authority],
    ...headers,
    ["X-Forwarded-Method", exchange.method],
    ["X-Forwarded-Uri", exchange.target],
  ];
}

/**
 * Returns a request's headers with those that the auth server vouches for. A client's own under these
 * names are dropped in any case, also if the auth server says nothing: nobody vouches for them.
 *
 * @param names As they are to be called, of `copy_headers`.
 */
export function vouchedHeaders(
  headers: readonly HeaderLine[],
  answer: Pick<Answer, "headers">,
  names: readonly string[],
): HeaderLine[] {
  const byName = new Map(names.map((name) => [dashed(name), name]));
  // Without hop-by-hop fields: `Connection: Remote-User` would have the upstream not see that one.
  const kept = withoutHopByHop(withoutNames(headers, names));
  const vouched = answer.headers.flatMap(([name, value]): HeaderLine[] => {
    const called = byName.get(dashed(name));
    return called === undefined ? [] : [[called, value]];
  });
  return [...kept, ...vouched];
}
