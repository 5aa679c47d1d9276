/**
 * Answers of our own, and what is true of every answer whichever server writes it. Pure.
 *
 * @module
 */
import { encodeLatin1 } from "./http1/latin1.ts";
import type { Answer, Body, HeaderLine } from "./message.ts";

/** What a client reads whose body is over `max_body_size`. */
export const BODY_TOO_LARGE = "Content too large: this service does not take so much";

/** Statuses that say by themselves that there is no body (RFC 9110 §15.2, §15.3.5, §15.4.5). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}

/** Gives up the body of an answer that is not passed on, so that its connection is closed. */
export function discardBody({ body, tunnel }: Answer): void {
  if (body !== undefined && !(body instanceof Uint8Array)) body.cancel();
  tunnel?.connection.close();
}

/**
 * Builds a short plain-text answer of our own, for people who read it in a browser or with curl.
 *
 * @param text Latin1.
 */
export function plainAnswer(
  status: number,
  text: string,
  headers: readonly HeaderLine[] = [],
): Answer {
  const body = encodeLatin1(`${text}\n`);
  return {
    status,
    reason: "",
    headers: [
      ["Content-Type", "text/plain; charset=utf-8"],
      ["Cache-Control", "no-store"],
      ...headers,
    ],
    body,
    isOwn: true,
  };
}

/** Makes a body of bytes that are at hand, for whoever reads piece by piece. */
export function bodyOf(bytes: Uint8Array, trailers: readonly HeaderLine[] = []): Body {
  let at = 0;
  let isTouched = false;
  return {
    length: bytes.length,
    trailers,
    get isTouched() {
      return isTouched;
    },
    cancel: () => {},
    read(target) {
      isTouched = true;
      const piece = bytes.subarray(at, at + target.length);
      target.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
  };
}
