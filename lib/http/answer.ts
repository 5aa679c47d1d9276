/**
 * Turns an upstream's answer, or one of our own, into a `Response` that the runtime writes as meant.
 * Hop-by-hop fields never pass: the runtime would send them verbatim. At a control character in a
 * field value the runtime ends the whole process, so nothing unchecked may be put into one.
 *
 * @module
 */
import { withoutHopByHop } from "./headers.ts";
import type { UpstreamResponse } from "./message.ts";

/** Statuses whose `Response` may not have a body (Fetch §2.2.3). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** What the runtime can send: it has no way to send 1xx, and nothing above 599 (Fetch §5.5). */
export function canBeAnswered(status: number): boolean {
  return status >= 200 && status <= 599;
}

/**
 * Builds the answer to a request.
 *
 * @param method Of the request; an answer to HEAD has no body but keeps its length.
 * @param answer Its status is one that {@linkcode canBeAnswered}; its header lines are what
 * `parseHeaderLine` lets through.
 */
export function toResponse(method: string, answer: UpstreamResponse): Response {
  const body = method === "HEAD" || BODILESS.has(answer.status) ? undefined : answer.body;
  if (body === undefined) discardBody(answer);
  const response = new Response(body as BodyInit | undefined, { status: answer.status });
  const { headers } = response;
  const keepsLength = method === "HEAD" || body instanceof ReadableStream;
  for (const [name, value] of withoutHopByHop(answer.headers)) {
    if (name.length === 14 && name.toLowerCase() === "content-length") {
      // The runtime counts bytes itself, and a length beside an empty body breaks HTTP/2 streams.
      // Said twice (RFC 9110 §8.6 lets equal ones pass), it is passed on once.
      if (!keepsLength || headers.has("content-length")) continue;
    }
    headers.append(name, value);
  }
  return response;
}

/** Gives up the body of an answer that is not passed on, so that its connection is closed. */
export function discardBody({ body }: Pick<UpstreamResponse, "body">): void {
  // A stream that has failed already rejects; its failure concerns nobody any more.
  if (body instanceof ReadableStream) body.cancel().catch(() => {});
}

/**
 * Makes what the runtime sends under HEAD right: over HTTP/2 any body would break the stream, and over
 * HTTP/1.1 no body at all would be announced as `content-length: 0` (RFC 9110 §8.6 forbids a length
 * that GET would not have).
 */
export function toHeadResponse(response: Response, httpVersion: "1.1" | "2"): Response {
  const { headers, status } = response;
  discardBody(response as Pick<UpstreamResponse, "body">);
  const saysNothing = httpVersion === "1.1" && !headers.has("content-length") &&
    !BODILESS.has(status);
  const body = saysNothing ? new ReadableStream({ start: (empty) => empty.close() }) : null;
  return new Response(body, { status, headers });
}

/** Builds a short plain-text answer of our own, for people who read it in a browser or with curl. */
export function plainAnswer(status: number, text: string, headers: HeadersInit = {}): Response {
  const response = new Response(new TextEncoder().encode(`${text}\n`), { status, headers });
  response.headers.set("content-type", "text/plain; charset=utf-8");
  response.headers.set("cache-control", "no-store");
  return response;
}
