/**
 * Writes the head of a request (RFC 9112 §3). Whatever the caller gives, nothing is written that a
 * server could read as more than one request. Pure. Input comes from strangers in the end: a proxy
 * passes their headers on.
 *
 * @module
 */
import type { UpstreamRequest } from "../message.ts";
import { isFieldName, isFieldValue, isRequestTarget } from "./grammar.ts";
import { HeadWriter, HeadWriterError } from "./head_writer.ts";

/** A head ready to be sent, or why it cannot be. */
export type EncodedRequestHead =
  /** `bytes` are valid until the next head is encoded. */
  | { readonly kind: "head"; readonly bytes: Uint8Array }
  | { readonly kind: "malformed"; readonly reason: string };

/** What a head is made of. */
export type RequestHeadParts = Pick<
  UpstreamRequest,
  "method" | "target" | "headers" | "body" | "upgrade" | "expectsContinue"
>;

/** Where the memory of an encoder begins; it grows with a head. */
const MEMORY_BYTES = 4_096;

/** Methods whose requests usually have content, so that its absence is worth saying (RFC 9110 §8.6). */
const USUALLY_WITH_CONTENT: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** Encodes one head after another, into memory that it keeps. */
export class RequestHeadEncoder {
  readonly #writer = new HeadWriter();
  #memory = new Uint8Array(MEMORY_BYTES);

  /**
   * Encodes a head. The fields that belong to `body`, `upgrade` and `expectsContinue` are written in
   * place of those given. CONNECT is refused: it would make a tunnel, which is no exchange.
   */
  encode(request: RequestHeadParts): EncodedRequestHead {
    try {
      this.#writer.begin(this.#memory);
      writeRequestHead(this.#writer, request);
      const { end } = this.#writer;
      if (end <= this.#memory.length) {
        return { kind: "head", bytes: this.#memory.subarray(0, end) };
      }
      this.#memory = new Uint8Array(end);
      return this.encode(request);
    } catch (error) {
      if (!(error instanceof HeadWriterError)) throw error;
      return { kind: "malformed", reason: error.message };
    }
  }
}

/** @throws {HeadWriterError} If it cannot be sent. */
function writeRequestHead(writer: HeadWriter, request: RequestHeadParts): void {
  const { method, target, body } = request;
  if (method === "CONNECT") throw new HeadWriterError("CONNECT is no exchange");
  if (!isRequestTarget(target)) throw new HeadWriterError("the target breaks the grammar");
  if (!isBodyLength(body?.length)) throw new HeadWriterError("the body has no possible length");
  if (!mayUpgrade(request)) throw new HeadWriterError("the upgrade cannot be asked for");
  writer.token(method);
  writer.raw(" ");
  writer.raw(target);
  writer.raw(" HTTP/1.1\r\n");
  let hosts = 0;
  for (const [name, value] of request.headers) {
    if (isFieldName(name, "host")) hosts++;
    if (!isWrittenHere(name, request)) writer.line(name, value);
    else if (!isFieldValue(value)) throw new HeadWriterError("a value holds control characters");
  }
  // RFC 9112 §3.2: with none the server guesses, with two each server takes another one.
  if (hosts !== 1) throw new HeadWriterError(`${hosts} Host fields, expected one`);
  writeOwnLines(writer, request);
  writer.endLine();
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
  return isFieldName(name, lowerCase) || isFieldName(name, lowerCase.replace("-", "_"));
}

function isBodyLength(length: number | undefined): boolean {
  return length === undefined || (Number.isSafeInteger(length) && length >= 0);
}

/** What the server sends behind a 101 is the other protocol, and so is what it reads: no body then. */
function mayUpgrade({ upgrade, body }: RequestHeadParts): boolean {
  if (upgrade === undefined) return true;
  return body === undefined && upgrade !== "" && isFieldValue(upgrade);
}

function writeOwnLines(writer: HeadWriter, request: RequestHeadParts): void {
  const { body, method, upgrade } = request;
  if (upgrade !== undefined) {
    writer.line("Connection", "Upgrade");
    writer.line("Upgrade", upgrade);
  } else if (body === undefined) {
    if (USUALLY_WITH_CONTENT.has(method)) writer.line("Content-Length", "0");
  } else {
    if (request.expectsContinue) writer.line("Expect", "100-continue");
    if (body.length === undefined) writer.line("Transfer-Encoding", "chunked");
    else writer.line("Content-Length", `${body.length}`);
  }
}
