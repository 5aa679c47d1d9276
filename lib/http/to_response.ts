/**
 * Turns an answer into a `Response` that the runtime writes to an HTTP/2 client as meant. Hop-by-hop
 * fields never pass: the runtime would send them verbatim. At a control character in a field value the
 * runtime ends the whole process, so nothing unchecked may be put into one.
 *
 * @module
 */
import { discardBody, isBodiless } from "./answer.ts";
import { withoutHopByHop } from "./headers.ts";
import type { Answer, Body } from "./message.ts";

/**
 * Builds the answer to a request.
 *
 * @param method Of the request; an answer to HEAD has no body but keeps its length.
 * @param answer Status 200 to 599; its header lines are what `parseHeaderLine` lets through. Its body
 * is taken.
 * @param toStream Makes the stream of a body that is not all there; takes the body.
 */
export function toResponse(
  method: string,
  answer: Answer,
  toStream: (body: Body) => ReadableStream<Uint8Array<ArrayBuffer>>,
): Response {
  const { body, status } = answer;
  const isHead = method === "HEAD";
  const hasBody = body !== undefined && !isHead && !isBodiless(status) && status !== 205;
  if (!hasBody) discardBody(answer);
  const response = new Response(hasBody ? toBodyInit(body, toStream) : null, { status });
  const { headers } = response;
  // The runtime counts bytes itself, and a length beside an empty body breaks HTTP/2 streams.
  const keepsLength = isHead || (hasBody && !(body instanceof Uint8Array));
  for (const [name, value] of withoutHopByHop(answer.headers)) {
    if (name.length === 14 && name.toLowerCase() === "content-length") {
      // Said twice (RFC 9110 §8.6 lets equal ones pass), it is passed on once.
      if (!keepsLength || headers.has("content-length")) continue;
    }
    headers.append(name, value);
  }
  if (isHead && body instanceof Uint8Array && !headers.has("content-length")) {
    headers.set("content-length", `${body.length}`);
  }
  return response;
}

/** An answer without a length has none over HTTP/2 either: its end is the end of the stream. */
function toBodyInit(
  body: NonNullable<Answer["body"]>,
  toStream: Parameters<typeof toResponse>[2],
): BodyInit {
  return body instanceof Uint8Array ? body as Uint8Array<ArrayBuffer> : toStream(body);
}
