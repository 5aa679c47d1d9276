/**
 * Reads the runtime's `Request` into an exchange and decides what the runtime's engines leave open:
 * a missing or unusable Host, absolute-form targets, CONNECT, a Host field that differs from
 * `:authority`, framing that other readers understand otherwise. Input comes from strangers.
 *
 * @module
 */
import type { Endpoint } from "../base/addresses.ts";
import { Failure } from "../base/failures.ts";
import { normalizeHostname } from "../base/hostnames.ts";
import type { Exchange } from "./exchange.ts";
import type { HeaderLine, RequestBody } from "./message.ts";

/** What is known of a request before it is read. */
export interface RequestOrigin {
  readonly client: Endpoint;
  readonly scheme: "https" | "http";
  /** HTTP/1.0 and HTTP/1.1 are `1.1`. */
  readonly httpVersion: "1.1" | "2";
}

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

/** `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2): no user information, nothing but ASCII. */
const AUTHORITY = /^(?:\[[\dA-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d{0,5})?$/;

/** Reads a request. */
export function readExchange(request: Request, origin: RequestOrigin): ReadExchangeResult {
  const { headers, method } = request;
  // Held from the start: only so is a stream that is reset in mid-body told from a whole one.
  const { signal } = request;
  const { authority, target } = splitUrl(request.url);
  const refusal = refuseMethod(request) ?? refuseHost(headers.get("host"), authority, origin) ??
    refuseFraming(request);
  if (refusal !== undefined) return refusal;
  const exchange: Exchange = {
    method,
    target,
    authority,
    hostname: normalizeHostname(authority.replace(/:\d*$/, "")),
    headers: readHeaders(headers),
    body: readBody(request, origin),
    scheme: origin.scheme,
    httpVersion: origin.httpVersion,
    client: origin.client,
    signal,
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
 * RFC 9112 §3.2 for HTTP/1.1, RFC 9113 §8.3.1 for HTTP/2.
 *
 * @param authority Of the URL, into which the runtime puts the target's own authority if it has one
 * (it wins over Host, RFC 9112 §3.2.2), else Host, else, for a Host it cannot read, its own address.
 */
function refuseHost(
  host: string | null,
  authority: string,
  { httpVersion }: RequestOrigin,
): RequestRefusal | undefined {
  if (httpVersion === "1.1" && host === null) return refused(400, "no Host");
  if (!AUTHORITY.test(authority)) return refused(400, "unusable Host");
  if (host === null || host === authority) return undefined;
  if (!AUTHORITY.test(host)) return refused(400, "unusable Host");
  const differ = httpVersion === "2" && host.toLowerCase() !== authority.toLowerCase();
  return differ ? refused(400, "Host and :authority differ") : undefined;
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

function readBody(request: Request, { httpVersion }: RequestOrigin): RequestBody | undefined {
  const length = request.headers.get("content-length");
  if (length !== null) {
    const { body } = request;
    return body === null ? undefined : { length: Number(length), stream: body };
  }
  // Without a length and without chunks there is no body (RFC 9112 §6.3).
  if (httpVersion === "1.1" && !request.headers.has("transfer-encoding")) return undefined;
  if (request.body === null) return undefined;
  return { length: undefined, stream: refuseTruncation(request.body, request.signal) };
}

/**
 * An HTTP/2 stream that is reset with CANCEL or NO_ERROR ends in the runtime like a whole body; but
 * its signal has been aborted by then. Passed on as whole it would be a truncated upload. Nothing is
 * read before it is asked for: a reader that waits would keep the runtime from ending the connection
 * after an early answer.
 */
function refuseTruncation(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      reader ??= body.getReader();
      const { done, value } = await reader.read();
      if (!done) controller.enqueue(value);
      else if (signal.aborted) controller.error(new Failure("client_gone", "client left"));
      else controller.close();
    },
    cancel: (reason) => reader === undefined ? body.cancel(reason) : reader.cancel(reason),
  }, { highWaterMark: 0 });
}

function refused(status: RequestRefusal["status"], reason: string): RequestRefusal {
  return { kind: "refused", status, reason };
}
