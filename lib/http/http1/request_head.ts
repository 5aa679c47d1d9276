/**
 * Writes the head of a request (RFC 9112 §3). Whatever the caller gives, nothing is written that a
 * server could read as more than one request. Pure. Input comes from strangers in the end: a proxy
 * passes their headers on.
 *
 * @module
 */
import type { UpstreamRequest } from "../message.ts";
import { isFieldName, isFieldValue, isRequestTarget, isToken } from "./grammar.ts";

/** A head ready to be sent, as latin1 text, or why it cannot be. */
export type EncodedRequestHead =
  | { readonly kind: "head"; readonly text: string }
  | { readonly kind: "malformed"; readonly reason: string };

/** What a head is made of. */
export type RequestHeadParts = Pick<
  UpstreamRequest,
  "method" | "target" | "headers" | "body" | "upgrade" | "expectsContinue"
>;

/** Methods whose requests usually have content, so that its absence is worth saying (RFC 9110 §8.6). */
const USUALLY_WITH_CONTENT: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** What it takes to ask for another protocol: the field, and that it is for the next hop alone. */
const UPGRADE_OPTION = "Connection: Upgrade\r\n";

/**
 * Encodes the head. The fields that belong to `body`, `upgrade` and `expectsContinue` are written in
 * place of those given. CONNECT is refused: it would make a tunnel, which is no exchange.
 */
export function encodeRequestHead(request: RequestHeadParts): EncodedRequestHead {
  const { method, target, body } = request;
  if (!isToken(method) || method === "CONNECT") return malformed("method cannot be sent");
  if (!isRequestTarget(target)) return malformed("request target cannot be sent");
  if (!isBodyLength(body?.length)) return malformed("body length cannot be sent");
  if (!mayUpgrade(request)) return malformed("upgrade cannot be asked for");
  let text = `${method} ${target} HTTP/1.1\r\n`;
  let hosts = 0;
  for (const [name, value] of request.headers) {
    if (!isToken(name)) return malformed("field name cannot be sent");
    if (!isFieldValue(value)) return malformed(`value of "${name}" cannot be sent`);
    if (isFieldName(name, "host")) hosts++;
    if (!isWrittenHere(name, request)) text += `${name}: ${value}\r\n`;
  }
  // RFC 9112 §3.2: with none the server guesses, with two each server takes another one.
  if (hosts !== 1) return malformed(`${hosts} Host fields, expected one`);
  return { kind: "head", text: `${text}${ownLines(request)}\r\n` };
}

function isWrittenHere(name: string, { upgrade }: RequestHeadParts): boolean {
  switch (name.length) {
    case 6:
      return isFieldName(name, "expect");
    case 7:
      return isFieldName(name, "upgrade");
    case 10:
      return upgrade !== undefined && isFieldName(name, "connection");
    case 14:
      return isFramingName(name, "content-length");
    case 17:
      return isFramingName(name, "transfer-encoding");
    default:
      return false;
  }
}

/** Servers that hand headers on as variables (CGI, WSGI) read `Content_Length` as well. */
function isFramingName(name: string, lowerCase: string): boolean {
  return name.toLowerCase().replace("_", "-") === lowerCase;
}

function isBodyLength(length: number | undefined): boolean {
  return length === undefined || (Number.isSafeInteger(length) && length >= 0);
}

/** What the server sends behind a 101 is the other protocol, and so is what it reads: no body then. */
function mayUpgrade({ upgrade, body }: RequestHeadParts): boolean {
  if (upgrade === undefined) return true;
  return body === undefined && upgrade !== "" && isFieldValue(upgrade);
}

function ownLines(request: RequestHeadParts): string {
  const { body, method, upgrade } = request;
  if (upgrade !== undefined) return `${UPGRADE_OPTION}Upgrade: ${upgrade}\r\n`;
  if (body === undefined) {
    return USUALLY_WITH_CONTENT.has(method) ? "Content-Length: 0\r\n" : "";
  }
  const expect = request.expectsContinue ? "Expect: 100-continue\r\n" : "";
  if (body.length === undefined) return `${expect}Transfer-Encoding: chunked\r\n`;
  return `${expect}Content-Length: ${body.length}\r\n`;
}

function malformed(reason: string): EncodedRequestHead {
  return { kind: "malformed", reason };
}
