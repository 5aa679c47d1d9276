/**
 * Compresses answers that get smaller by it, for clients that say they can read them. What is secret
 * and what a stranger chooses should not stand in one compressed answer (BREACH): see the manual.
 *
 * @module
 */
import { COMPRESSIBLE_CONTENT_TYPE_REGEX } from "hono/utils/compress";
import type { Clock } from "../../base/clock.ts";
import type { CompressConfig, ContentEncoding } from "../../config/config.ts";
import { isBodiless } from "../answer.ts";
import type { Policy } from "../application.ts";
import type { Exchange } from "../exchange.ts";
import { isFieldName, trimOws } from "../http1/grammar.ts";
import type { Answer, Body, HeaderLine } from "../message.ts";
import { chooseEncoding } from "./accept_encoding.ts";
import { CompressedBody } from "./compressed_body.ts";
import type { CompressionSlots } from "./compression_slots.ts";
import { compressBytes, openCompressor } from "./compressor.ts";
import { withHeaders } from "./with_fields.ts";

/** What the policy works with. */
export interface CompressEnvironment {
  readonly clock: Clock;
  /** One for the whole process. */
  readonly slots: CompressionSlots;
}

/** Makes the policy. */
export function compressAnswers(
  config: CompressConfig,
  environment: CompressEnvironment,
): Policy {
  return async (exchange, next) => {
    const answer = await next();
    if (!isCompressible(answer, config)) return answer;
    // Also on what goes as it is: a cache must not give a compressed one to whoever cannot read it.
    const varied = withHeaders(answer, withVary(answer.headers));
    const { body } = answer;
    if (body === undefined || isAskedAsItIs(exchange)) return varied;
    const encoding = chooseEncoding(exchange.headers, config.encodings);
    if (encoding === undefined || isSmall(answer, config)) return varied;
    return body instanceof Uint8Array
      ? compressWhole(varied, body, encoding)
      : compressStream(varied, { body, encoding, ...environment });
  };
}

/** What the answer says of itself, whoever asked for it. */
function isCompressible({ headers, status, tunnel }: Answer, { types }: CompressConfig): boolean {
  if (isBodiless(status) || status === 205 || status === 206 || tunnel !== undefined) return false;
  let type = "";
  for (const [name, value] of headers) {
    if (isFieldName(name, "content-type")) type = value.toLowerCase();
    if (isFieldName(name, "content-encoding") && value.toLowerCase() !== "identity") return false;
    if (isFieldName(name, "cache-control") && hasItem(value, "no-transform")) return false;
    // RFC 9530 §2: it is about the bytes as they are sent.
    if (isFieldName(name, "content-digest") || isFieldName(name, "content-md5")) return false;
  }
  return isCompressibleType(type, types);
}

/** Events are to arrive when they happen, and nobody would know how long to wait for more. */
function isCompressibleType(type: string, types: CompressConfig["types"]): boolean {
  if (/^text\/event-stream\b/.test(type)) return false;
  if (types === undefined) return COMPRESSIBLE_CONTENT_TYPE_REGEX.test(type);
  const bare = trimOws(type.split(";", 1)[0]);
  return types.some((each) =>
    each.endsWith("/*") ? bare.startsWith(each.slice(0, -1)) : bare === each
  );
}

/** A part is one of the bytes as the upstream has them (RFC 9110 §14.2); RFC 9111 §5.2.1.6. */
function isAskedAsItIs({ headers, method }: Exchange): boolean {
  return method === "HEAD" || headers.some(([name, value]) =>
    isFieldName(name, "range") ||
    (isFieldName(name, "cache-control") && hasItem(value, "no-transform"))
  );
}

function isSmall({ body }: Answer, { minBytes }: CompressConfig): boolean {
  const length = body?.length;
  return length !== undefined && length < minBytes;
}

function compressWhole(answer: Answer, body: Uint8Array, encoding: ContentEncoding): Answer {
  const bytes = compressBytes(body, encoding);
  if (bytes.length >= body.length) return answer;
  const headers = encodedHeaders(answer.headers, encoding);
  return {
    ...withHeaders(answer, [...headers, ["Content-Length", String(bytes.length)]]),
    body: bytes,
  };
}

function compressStream(
  answer: Answer,
  options: CompressEnvironment & { readonly body: Body; readonly encoding: ContentEncoding },
): Answer {
  const { body, clock, encoding, slots } = options;
  const slot = slots.take();
  if (slot === undefined) return answer;
  const compressor = openCompressor(encoding);
  return {
    ...withHeaders(answer, encodedHeaders(answer.headers, encoding)),
    body: new CompressedBody(body, { clock, compressor, slot }),
  };
}

/** A strong validator promises equal bytes (RFC 9110 §8.8.1); parts of these bytes there are none. */
function encodedHeaders(
  headers: readonly HeaderLine[],
  encoding: ContentEncoding,
): HeaderLine[] {
  const kept = headers.flatMap(([name, value]): HeaderLine[] => {
    const lower = name.toLowerCase();
    if (lower === "content-length" || lower === "accept-ranges") return [];
    if (lower === "content-encoding") return [];
    return [[name, lower === "etag" && value.startsWith('"') ? `W/${value}` : value]];
  });
  return [...kept, ["Content-Encoding", encoding]];
}

function withVary(headers: readonly HeaderLine[]): readonly HeaderLine[] {
  const isThere = headers.some(([name, value]) =>
    isFieldName(name, "vary") && (hasItem(value, "accept-encoding") || hasItem(value, "*"))
  );
  return isThere ? headers : [...headers, ["Vary", "Accept-Encoding"]];
}

/** @param item In lower case. */
function hasItem(value: string, item: string): boolean {
  return value.toLowerCase().split(",").some((each) => trimOws(each) === item);
}
