/**
 * Writes the head of a request (RFC 9112 §3). Whatever the caller gives, nothing is written that a
 * server could read as more than one request. Pure. Input comes from strangers in the end: a proxy
 * passes their headers on.
 *
 * @module
 */
import type { UpstreamRequest } from "../message.ts";
import { isFieldName, isFieldValue, isRequestTarget, isToken } from "./grammar.ts";
import { encodeLatin1 } from "./latin1.ts";

/** A head ready to be sent, or why it cannot be. */
export type EncodedRequestHead =
  | { readonly kind: "head"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "malformed"; readonly reason: string };

/** Methods whose requests usually have content, so that its absence is worth saying (RFC 9110 §8.6). */
const USUALLY_WITH_CONTENT: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/**
 * Encodes the head. The framing field that belongs to `body` is written in place of those given.
 * CONNECT is refused: it would make a tunnel, which is no exchange.
 */
export function encodeRequestHead(
  request: Pick<UpstreamRequest, "method" | "target" | "headers" | "body">,
): EncodedRequestHead {
  const { method, target } = request;
  if (!isToken(method) || method === "CONNECT") return malformed("method cannot be sent");
  if (!isRequestTarget(target)) return malformed("request target cannot be sent");
  if (!isBodyLength(request.body?.length)) return malformed("body length cannot be sent");
  let text = `${method} ${target} HTTP/1.1\r\n`;
  let hosts = 0;
  for (const [name, value] of request.headers) {
    if (!isToken(name)) return malformed("field name cannot be sent");
    if (!isFieldValue(value)) return malformed(`value of "${name}" cannot be sent`);
    if (isFieldName(name, "host")) hosts++;
    if (!isFramingField(name)) text += `${name}: ${value}\r\n`;
  }
  // RFC 9112 §3.2: with none the server guesses, with two each server takes another one.
  if (hosts !== 1) return malformed(`${hosts} Host fields, expected one`);
  return { kind: "head", bytes: encodeLatin1(`${text}${framingLine(request)}\r\n`) };
}

function isFramingField(name: string): boolean {
  return isFieldName(name, "content-length") || isFieldName(name, "transfer-encoding");
}

function isBodyLength(length: number | undefined): boolean {
  return length === undefined || (Number.isSafeInteger(length) && length >= 0);
}

function framingLine(request: Pick<UpstreamRequest, "method" | "body">): string {
  const { body, method } = request;
  if (body === undefined) {
    return USUALLY_WITH_CONTENT.has(method) ? "Content-Length: 0\r\n" : "";
  }
  if (body.length === undefined) return "Transfer-Encoding: chunked\r\n";
  return `Content-Length: ${body.length}\r\n`;
}

function malformed(reason: string): EncodedRequestHead {
  return { kind: "malformed", reason };
}
