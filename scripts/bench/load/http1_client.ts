/**
 * A request and its whole answer on an HTTP/1.1 connection, for loads: it knows answers with a
 * `Content-Length` below one buffer, as the backend's small ones are, and takes everything else for a
 * fault. Does I/O; closes nothing.
 *
 * @module
 */
import { writeWhole } from "./wire.ts";

/** A small answer with the fields that proxies add. */
const ANSWER_MAX_BYTES = 4 * 1024;

/** One connection's part: a request that is always the same, and room for an answer. */
export class Http1Client {
  readonly #connection: Deno.Conn;
  readonly #request: Uint8Array;
  readonly #answer = new Uint8Array(ANSWER_MAX_BYTES);
  readonly #decoder = new TextDecoder("latin1");

  constructor(connection: Deno.Conn, hostname: string) {
    this.#connection = connection;
    this.#request = new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  }

  /** Sends the request and reads the answer. @throws {Error} If it is not a whole 200. */
  async exchange(): Promise<void> {
    await writeWhole(this.#connection, this.#request);
    for (let length = 0;;) {
      const count = await this.#connection.read(this.#answer.subarray(length));
      if (count === null || count === 0) throw new Error(`Not a whole answer: ${length} bytes`);
      length += count;
      if (isWhole(this.#decoder.decode(this.#answer.subarray(0, length)))) return;
    }
  }
}

/** Tells whether an answer is all there. @throws {Error} If it is none that a load expects. */
export function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf("\r\n\r\n");
  if (headEnd < 0) return false;
  const head = answer.slice(0, headEnd);
  const length = /^content-length: *(\d+)\s*$/mi.exec(head)?.[1];
  if (!head.startsWith("HTTP/1.1 200 ") || length === undefined) {
    throw new Error(`Not an answer as expected: ${head.slice(0, 500)}`);
  }
  const missing = headEnd + 4 + Number(length) - answer.length;
  if (missing < 0) throw new Error(`${-missing} bytes behind the answer`);
  return missing === 0;
}
