/**
 * Compresses answers that get smaller by it, for clients that say they can read them. What is secret
 * and what a stranger chooses should not stand in one compressed answer (BREACH): see the manual.
 *
 * @module
 */
import { COMPRESSIBLE_CONTENT_TYPE_REGEX } from "hono/utils/compress";
import type { Clock } from "../../base/clock.ts";
import { COMPRESS_PIECE_BYTES } from "../../base/limits.ts";
import type { CompressConfig, ContentEncoding } from "../../config/config.ts";
import { bodyOf, discardBody, isBodiless } from "../answer.ts";
import type { Policy } from "../application.ts";
import type { Exchange } from "../exchange.ts";
import { isFieldName, trimOws } from "../http1/grammar.ts";
import type { Answer, Body, HeaderLine } from "../message.ts";
import { chooseEncoding } from "./accept_encoding.ts";
import { CompressedBody } from "./compressed_body.ts";
import type { CompressionSlots } from "./compression_slots.ts";
import { compressBytes, openCompressor } from "./compressor.ts";
import { joinLines } from "./decide_client.ts";
import { withHeaders } from "./with_fields.ts";
import { withoutNames } from "./without_names.ts";
import { withoutTrailers } from "./without_trailers.ts";

/** What the policy works with. */
export interface CompressEnvironment {
  readonly clock: Clock;
  /** One for the whole process. */
  readonly slots: CompressionSlots;
}

/** They are about the bytes with their coding (RFC 9530 §2 and §3, RFC 3230 §4.2, RFC 1864). */
const DIGESTS: readonly string[] = ["content-digest", "content-md5", "digest", "repr-digest"];

/** Makes the policy. */
export function compressAnswers(
  config: CompressConfig,
  environment: CompressEnvironment,
): Policy {
  return async (exchange, next) => {
    const answer = await next();
    if (answer.status === 304) return withKnownEtag(answer, exchange);
    if (!isCompressible(answer, config)) return answer;
    // Also on what goes as it is: a cache must not give a compressed one to whoever cannot read it.
    const varied = withHeaders(answer, withVary(answer.headers));
    const isHead = exchange.method === "HEAD";
    if ((answer.body === undefined && !isHead) || isAskedAsItIs(exchange)) return varied;
    const encoding = chooseEncoding(exchange.headers, config.encodings);
    if (encoding === undefined || isSmall(answer, config)) return varied;
    return isHead ? compressHead(varied, encoding) : compress(varied, encoding, environment);
  };
}

function compress(
  answer: Answer,
  encoding: ContentEncoding,
  environment: CompressEnvironment,
): Answer {
  const body = answer.body!;
  if (!(body instanceof Uint8Array)) {
    return compressStream(answer, { body, encoding, ...environment });
  }
  // A large page at once would hold up everybody else.
  return body.length > COMPRESS_PIECE_BYTES
    ? compressStream(answer, { body: bodyOf(body, answer.trailers), encoding, ...environment })
    : compressWhole(answer, body, encoding);
}

/** Says what it would of a GET, whose length nobody knows (RFC 9110 §8.6, §9.3.2). */
function compressHead(answer: Answer, encoding: ContentEncoding): Answer {
  discardBody(answer);
  return {
    ...withHeaders(answer, encodedHeaders(answer.headers, encoding)),
    body: undefined,
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
    if (DIGESTS.includes(name.toLowerCase())) return false;
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
function isAskedAsItIs({ headers }: Exchange): boolean {
  return headers.some(([name, value]) =>
    isFieldName(name, "range") ||
    (isFieldName(name, "cache-control") && hasItem(value, "no-transform"))
  );
}

function isSmall({ body, headers }: Answer, { minBytes }: CompressConfig): boolean {
  const length = body === undefined ? joinLines(headers, "content-length") : body.length;
  return length !== undefined && Number(length) < minBytes;
}

function compressWhole(answer: Answer, body: Uint8Array, encoding: ContentEncoding): Answer {
  const bytes = compressBytes(body, encoding);
  if (bytes.length >= body.length) return answer;
  const headers = encodedHeaders(answer.headers, encoding);
  return {
    ...withHeaders(answer, [...headers, ["Content-Length", String(bytes.length)]]),
    body: bytes,
    trailers: answer.trailers && withoutNames(answer.trailers, DIGESTS),
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
    body: new CompressedBody(withoutTrailers(body, DIGESTS), { clock, compressor, slot }),
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

/**
 * A client that knows a compressed answer by the weak `ETag` it was given is told of it by the same
 * one: by the upstream's strong one it would look for an answer that it never had (RFC 9111 §4.3.4).
 */
function withKnownEtag(answer: Answer, exchange: Exchange): Answer {
  const known = joinLines(exchange.headers, "if-none-match") ?? "";
  const isAnother = (name: string, value: string) =>
    isFieldName(name, "etag") && value.startsWith('"') && known.includes(`W/${value}`);
  if (!answer.headers.some(([name, value]) => isAnother(name, value))) return answer;
  const headers = answer.headers.map(([name, value]): HeaderLine => [
    name,
    isAnother(name, value) ? `W/${value}` : value,
  ]);
  // What the answer that the client has says, this one says, too (RFC 9110 §15.4.5).
  return withHeaders(answer, withVary(headers));
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
