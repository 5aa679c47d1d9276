/**
 * Reads the runtime's `Request` into an exchange and decides what its HTTP/2 engine leaves open: an
 * unusable `:authority`, a Host field that differs from it, CONNECT, framing that an HTTP/1.1 server
 * would understand otherwise. Input comes from strangers.
 *
 * @module
 */
import type { Endpoint } from "../base/addresses.ts";
import { hostnameOf, isAuthority } from "./authority.ts";
import { streamToBody } from "./body_stream.ts";
import type { Exchange } from "./exchange.ts";
import type { Body, HeaderLine } from "./message.ts";

/** Why a request is answered at once. */
export interface RequestRefusal {
  readonly kind: "refused";
  readonly status: 400 | 405 | 501;
  readonly reason: string;
}

/** What {@linkcode readExchange} found. */
export type ReadExchangeResult =
  | { readonly kind: "exchange"; readonly exchange: Exchange }
  | RequestRefusal;

/** Reads a request that came over TLS. */
export function readExchange(request: Request, client: Endpoint): ReadExchangeResult {
  const { headers, method } = request;
  // Held from the start: only so is a stream that is reset in mid-body told from a whole one.
  const { signal } = request;
  const { authority, target } = splitUrl(request.url);
  const refusal = refuseMethod(request) ?? refuseHost(headers.get("host"), authority) ??
    refuseFraming(request);
  if (refusal !== undefined) return refusal;
  const exchange: Exchange = {
    method,
    target,
    authority,
    hostname: hostnameOf(authority),
    headers: readHeaders(headers),
    body: readBody(request),
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
  if (slash < 0) return { authority: url.slice(start), target: "/" };
  const rest = url.slice(start + slash);
  const hash = rest.indexOf("#");
  const target = hash < 0 ? rest : rest.slice(0, hash);
  return {
    authority: url.slice(start, start + slash),
    target: target.startsWith("/") ? target : `/${target}`,
  };
}

function refuseMethod({ method }: Request): RequestRefusal | undefined {
  return method === "CONNECT" ? refused(405, "CONNECT is not served") : undefined;
}

/**
 * RFC 9113 §8.3.1.
 *
 * @param authority Of the URL, into which the runtime puts `:authority`, else Host.
 */
function refuseHost(host: string | null, authority: string): RequestRefusal | undefined {
  if (!isAuthority(authority)) return refused(400, "unusable :authority");
  if (host === null || host.toLowerCase() === authority.toLowerCase()) return undefined;
  return refused(400, "Host and :authority differ");
}

/** What the runtime reads in one way and another server may read in another (RFC 9112 §6). */
function refuseFraming(request: Request): RequestRefusal | undefined {
  const coding = request.headers.get("transfer-encoding");
  const length = request.headers.get("content-length");
  if (coding !== null && coding.toLowerCase() !== "chunked") {
    return refused(501, "transfer coding is not implemented");
  }
  if (length !== null && !/^\d+$/.test(length)) {
    return refused(400, "Content-Length is not a number");
  }
  const announced = coding !== null || (length !== null && Number(length) > 0);
  // The runtime drops the body of a GET; without it, the request would mean something else.
  if (announced && request.body === null) {
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

function readBody(request: Request): Body | undefined {
  const { body, headers, signal } = request;
  if (body === null) return undefined;
  const length = headers.get("content-length");
  return streamToBody(body, { length: length === null ? undefined : Number(length), signal });
}

function refused(status: RequestRefusal["status"], reason: string): RequestRefusal {
  return { kind: "refused", status, reason };
}
