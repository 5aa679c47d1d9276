/**
 * The head of a request, judged as a whole: what is asked for, how its body is framed, and what the
 * client wants of the connection. Strict: whatever two readers could understand in two ways is
 * refused, with the status that says why. Pure. Input comes from strangers.
 *
 * @module
 */
import { TARGET_MAX_BYTES } from "../../base/limits.ts";
import { isAuthority } from "../authority.ts";
import type { HeaderLine } from "../message.ts";
import { hasConnectionOption, readFraming } from "./framing.ts";
import { isFieldName, trimOws } from "./grammar.ts";
import { parseHeaderSection } from "./header_section.ts";
import { parseRequestLine, type RequestLine } from "./request_line.ts";
import { parseRequestTarget } from "./request_target.ts";

/** How the body of a request ends (RFC 9112 §6.3). */
export type RequestFraming =
  /** There is none; a length of 0 says the same. */
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" };

/** A request without its body. */
export interface ParsedRequest {
  readonly kind: "request";
  readonly method: string;
  /** Origin form, or `*`. */
  readonly target: string;
  /** Of an absolute target, else the Host field. */
  readonly authority: string;
  /** The minor HTTP version, 0 or 1. */
  readonly version: number;
  /** As sent; the Host field may differ from `authority`. */
  readonly headers: readonly HeaderLine[];
  readonly framing: RequestFraming;
  /** Whether the client wants the connection to live on; never over HTTP/1.0. */
  readonly isPersistent: boolean;
  /** The protocols of `Upgrade`, if that is a wish that can be passed on. */
  readonly upgrade: string | undefined;
  readonly expectsContinue: boolean;
}

/** Why a request is answered at once; the connection is closed then. */
export interface RefusedRequest {
  readonly kind: "refused";
  readonly status: 400 | 405 | 414 | 417 | 431 | 501 | 505;
  /** Says nothing that a stranger has sent. */
  readonly reason: string;
}

/** Parses a whole head, given as latin1 text from the request line to the empty line. */
export function parseRequest(text: string): ParsedRequest | RefusedRequest {
  const end = text.indexOf("\r\n");
  const line = parseRequestLine(text.slice(0, end));
  if (line.kind === "version") return refuse(505, line.reason);
  if (line.kind === "malformed") return refuse(400, line.reason);
  if (line.target.length > TARGET_MAX_BYTES) return refuse(414, "the target is too long");
  const section = parseHeaderSection(text, end + 2);
  if (section.kind === "too_large") return refuse(431, section.reason);
  if (section.kind === "malformed") return refuse(400, section.reason);
  return judge(line, section.lines);
}

/** @returns A refusal of a head that is not read to its end. */
export function refuse(status: RefusedRequest["status"], reason: string): RefusedRequest {
  return { kind: "refused", status, reason };
}

function judge(line: RequestLine, headers: readonly HeaderLine[]): ParsedRequest | RefusedRequest {
  const { method, version } = line;
  // A tunnel to anywhere: not what a reverse proxy is for (RFC 9110 §9.3.6).
  if (method === "CONNECT") return refuse(405, "CONNECT is not served");
  const target = parseRequestTarget(line.target, method);
  if (target.kind === "malformed") return refuse(400, target.reason);
  const host = readHost(headers);
  if (typeof host !== "string") return host;
  const authority = target.authority ?? host;
  if (!isAuthority(authority)) return refuse(400, "the target's authority is unusable");
  const framing = readRequestFraming(headers, version);
  if (framing.kind === "refused") return framing;
  const expectsContinue = version === 1 && hasExpectation(headers);
  if (expectsContinue && !isContinueExpected(headers)) return refuse(417, "unknown expectation");
  const hasBody = framing.kind !== "none";
  return {
    kind: "request",
    method,
    target: target.target,
    authority,
    version,
    headers,
    framing,
    isPersistent: version === 1 && !hasConnectionOption(headers, "close"),
    upgrade: version === 1 && !hasBody ? readUpgrade(headers) : undefined,
    expectsContinue: expectsContinue && hasBody,
  };
}

/**
 * RFC 9112 §3.2: exactly one, and usable, also beside an absolute target. HTTP/1.0 may leave it out;
 * but then nobody knows whose request it is.
 */
function readHost(headers: readonly HeaderLine[]): string | RefusedRequest {
  let host: string | undefined;
  for (const [name, value] of headers) {
    if (!isFieldName(name, "host")) continue;
    if (host !== undefined) return refuse(400, "more than one Host");
    host = value;
  }
  if (host === undefined) return refuse(400, "no Host");
  return isAuthority(host) ? host : refuse(400, "unusable Host");
}

/** RFC 9112 §6; beyond it, a length that was sent twice is refused even if both are the same. */
function readRequestFraming(
  headers: readonly HeaderLine[],
  version: number,
): RequestFraming | RefusedRequest {
  const framing = readFraming(headers);
  switch (framing.kind) {
    case "malformed":
      return refuse(hasUnknownCoding(headers) ? 501 : 400, framing.reason);
    case "chunked":
      // §6.1: who sends it has not understood the request that it passes on.
      return version === 0 ? refuse(400, "Transfer-Encoding over HTTP/1.0") : framing;
    case "length":
      if (framing.repeated) return refuse(400, "Content-Length is repeated");
      return framing.length === 0 ? { kind: "none" } : framing;
    case "none":
      return framing;
  }
}

/** §6.1: 501 for a coding that is not implemented; beside a length, it is the mix that is refused. */
function hasUnknownCoding(headers: readonly HeaderLine[]): boolean {
  return !headers.some(([name]) => isFieldName(name, "content-length"));
}

/** RFC 9110 §10.1.1. */
function hasExpectation(headers: readonly HeaderLine[]): boolean {
  for (const [name] of headers) if (isFieldName(name, "expect")) return true;
  return false;
}

function isContinueExpected(headers: readonly HeaderLine[]): boolean {
  return headers.every(([name, value]) =>
    !isFieldName(name, "expect") || value.toLowerCase() === "100-continue"
  );
}

/**
 * Upgrade counts only if Connection lists it (RFC 9110 §7.8). HTTP/2 is not switched to: that is
 * agreed upon by ALPN, and unencrypted it was a way around a proxy's checks (RFC 9113 §3.1). Nor is TLS
 * (RFC 2817): requests that no policy has seen would follow within it.
 */
function readUpgrade(headers: readonly HeaderLine[]): string | undefined {
  const protocols: string[] = [];
  for (const [name, value] of headers) {
    if (!isFieldName(name, "upgrade")) continue;
    for (const item of value.split(",").map(trimOws)) {
      if (item !== "" && !/^(?:h2c?|http|tls)(?:$|\/)/i.test(item)) protocols.push(item);
    }
  }
  if (protocols.length === 0 || !hasConnectionOption(headers, "upgrade")) return undefined;
  return protocols.join(", ");
}
