/**
 * Reads the runtime's `Request` into an exchange and decides what its HTTP/2 engine leaves open: an
 * unusable `:authority`, a Host field that differs from it, CONNECT, framing that an HTTP/1.1 server
 * would understand otherwise. Input comes from strangers.
 *
 * @module
 */
import type { Endpoint } from "../base/addresses.ts";
import { hostnameOf, isAuthority } from "./authority.ts";
import { type SilenceLimit, streamToBody } from "./body_stream.ts";
import type { Exchange } from "./exchange.ts";
import type { Body, HeaderLine } from "./message.ts";

/** Why a request is answered at once. */
export interface RequestRefusal {
  readonly kind: "refused";
  readonly status: 400 | 405;
  readonly reason: string;
}

/** What {@linkcode readExchange} found. */
export type ReadExchangeResult =
  | { readonly kind: "exchange"; readonly exchange: Exchange }
  | RequestRefusal;

/** In lower case, as the runtime gives them. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Reads a request that came over TLS.
 *
 * @param silence See {@linkcode SilenceLimit}: of the request's body, if it has one.
 */
export function readExchange(
  request: Request,
  client: Endpoint,
  silence?: SilenceLimit,
): ReadExchangeResult {
  const { headers, method } = request;
  // Held from the start: only so is a stream that is reset in mid-body told from a whole one.
  const { signal } = request;
  const { authority, target } = splitUrl(request.url);
  const lines = readHeaders(headers);
  const refusal = refuseMethod(request, target) ?? refuseHost(valueOf(lines, "host"), authority) ??
    refuseFraming(request, lines);
  if (refusal !== undefined) return refusal;
  const exchange: Exchange = {
    method,
    target,
    authority,
    hostname: hostnameOf(authority),
    headers: lines,
    body: readBody(request, silence),
    scheme: "https",
    httpVersion: "2",
    client,
    signal,
    // RFC 9113 §8.6: there is no Upgrade; and the runtime can send neither 100 nor any other 1xx.
    upgrade: undefined,
    expectsContinue: false,
    sendInterim: () => {},
  };
  return { kind: "exchange", exchange };
}

/** The URL is raw and must stay so: `new URL` would resolve dots and change escapes. */
function splitUrl(url: string): { authority: string; target: string } {
  const start = url.indexOf("://") + 3;
  const slash = url.slice(start).search(/[/?#]/);
  // RFC 9113 §8.3.1: the runtime puts a `:path` of "*" right behind the authority.
  if (slash < 0 && url.endsWith("*")) return { authority: url.slice(start, -1), target: "*" };
  if (slash < 0) return { authority: url.slice(start), target: "/" };
  const rest = url.slice(start + slash);
  const hash = rest.indexOf("#");
  const target = hash < 0 ? rest : rest.slice(0, hash);
  return {
    authority: url.slice(start, start + slash),
    target: target.startsWith("/") ? target : `/${target}`,
  };
}

function refuseMethod({ method }: Request, target: string): RequestRefusal | undefined {
  if (method === "CONNECT") return refused(405, "CONNECT is not served");
  const isMisplaced = target === "*" && method !== "OPTIONS";
  return isMisplaced ? refused(400, "only OPTIONS may ask for *") : undefined;
}

/**
 * RFC 9113 §8.3.1.
 *
 * @param authority Of the URL, into which the runtime puts `:authority`, else Host.
 */
function refuseHost(host: string | undefined, authority: string): RequestRefusal | undefined {
  if (!isAuthority(authority)) return refused(400, "unusable :authority");
  if (host === undefined || host.toLowerCase() === authority.toLowerCase()) return undefined;
  return refused(400, "Host and :authority differ");
}

/**
 * What the runtime reads in one way and an HTTP/1.1 server may read in another (RFC 9112 §6). Fields of a
 * connection are malformed over HTTP/2 (RFC 9113 §8.2.2), which the runtime sees to; one that is here
 * came over HTTP/1.1, for which this is not the server.
 */
function refuseFraming(
  request: Request,
  lines: readonly HeaderLine[],
): RequestRefusal | undefined {
  for (const [name] of lines) {
    if (CONNECTION_FIELDS.has(name)) return refused(400, "fields of HTTP/1.1 over HTTP/2");
  }
  const length = valueOf(lines, "content-length");
  if (length !== undefined && !/^\d+$/.test(length)) {
    return refused(400, "Content-Length is not a number");
  }
  // The runtime drops the body of a GET; without it, the request would mean something else.
  if (length !== undefined && Number(length) > 0 && request.body === null) {
    return refused(400, `${request.method} with a body is not served`);
  }
  return undefined;
}

/** By `forEach`: iterating costs several times as much, on every request. */
function readHeaders(headers: Headers): HeaderLine[] {
  const lines: HeaderLine[] = [];
  headers.forEach((value, name) => lines.push([name, value]));
  return lines;
}

/** Where `Headers.get` would check and convert the name again. @param name In lower case, as all are. */
function valueOf(lines: readonly HeaderLine[], name: string): string | undefined {
  return lines.find((line) => line[0] === name)?.[1];
}

function readBody(request: Request, silence?: SilenceLimit): Body | undefined {
  const { body, headers, signal } = request;
  if (body === null) return undefined;
  const length = headers.get("content-length");
  return streamToBody(body, {
    length: length === null ? undefined : Number(length),
    signal,
    silence,
  });
}

function refused(status: RequestRefusal["status"], reason: string): RequestRefusal {
  return { kind: "refused", status, reason };
}
