/**
 * A page that is sent in place of an answer: the bytes of a file, its type, and the places where the
 * status is put in. Pure.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { extname } from "node:path";
import type { Answer, HeaderLine } from "../message.ts";

/** Types by the ending of the file. */
const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  [".html", "text/html; charset=utf-8"],
  [".htm", "text/html; charset=utf-8"],
  [".txt", "text/plain; charset=utf-8"],
  [".json", "application/json"],
]);

/** What is replaced by the status's three digits, wherever it stands. */
const PLACEHOLDER = "{status}";

/** A page that can be sent with any status. */
export class Page {
  readonly #contentType: string;
  readonly #pieces: readonly Buffer[];

  /**
   * @param file Its name; one with an ending that nothing is known of is sent as plain text.
   * @param bytes What is in it; belongs to the page from then on.
   */
  constructor(file: string, bytes: Uint8Array) {
    this.#contentType = CONTENT_TYPES.get(extname(file).toLowerCase()) ??
      "text/plain; charset=utf-8";
    this.#pieces = splitAt(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  }

  /**
   * Makes an answer with this page for a body.
   *
   * @param method Of the request: to HEAD only the length is told (RFC 9110 §9.3.2).
   * @param headers Lines beside those about the body.
   */
  answer(status: number, method: string, headers: readonly HeaderLine[]): Answer {
    const body = this.#render(status);
    return {
      status,
      reason: "",
      headers: [
        ["Content-Type", this.#contentType],
        ["Content-Length", String(body.length)],
        ...headers,
      ],
      body: method === "HEAD" ? undefined : body,
    };
  }

  #render(status: number): Uint8Array {
    const digits = Buffer.from(String(status));
    return Buffer.concat(
      this.#pieces.flatMap((piece, index) => index === 0 ? [piece] : [digits, piece]),
    );
  }
}

function splitAt(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  let start = 0;
  for (let at = bytes.indexOf(PLACEHOLDER); at >= 0; at = bytes.indexOf(PLACEHOLDER, start)) {
    pieces.push(bytes.subarray(start, at));
    start = at + PLACEHOLDER.length;
  }
  return [...pieces, bytes.subarray(start)];
}
