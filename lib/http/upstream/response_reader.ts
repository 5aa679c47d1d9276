/**
 * Reads the head of the final response, skipping interim ones (RFC 9110 §15.2). Does I/O through the
 * connection, and leaves in its buffer what follows the head. Input comes from strangers.
 *
 * @module
 */
import { Failure } from "../../base/failures.ts";
import { HEAD_MAX_BYTES, INTERIM_RESPONSES_MAX } from "../../base/limits.ts";
import { HeadScanner } from "../http1/head_scanner.ts";
import { decodeLatin1 } from "../http1/latin1.ts";
import { parseResponseHead, type ResponseHead } from "../http1/response_head.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";

/** What the reader is told. */
export interface ResponseReaderOptions {
  /** The connection has carried an exchange before: its end without a byte makes it stale. */
  readonly isReused: boolean;
  /** Called for each interim response; 101 counts as final. */
  readonly onInterim: (head: ResponseHead) => void;
}

/**
 * Reads up to the end of the final head.
 *
 * @throws {Failure} `upstream_stale`, `upstream_closed`, `upstream_malformed`, `upstream_too_large`, or
 * the reason why the connection was ended.
 */
export async function readResponseHead(
  connection: UpstreamConnection,
  options: ResponseReaderOptions,
): Promise<ResponseHead> {
  for (let interim = 0; interim <= INTERIM_RESPONSES_MAX; interim++) {
    const scanner = new HeadScanner();
    let head = takeHead(connection, scanner);
    while (head === undefined) {
      const isFirstByte = connection.bufferedBytes === 0;
      try {
        if (await connection.fill() === null) throw closedWithin(isFirstByte);
      } catch (error) {
        if (!options.isReused || !isFirstByte || interim > 0) throw error;
        throw new Failure("upstream_stale", "server closed an idle connection", { cause: error });
      }
      head = takeHead(connection, scanner);
    }
    // Nothing of HTTP follows a 101 (RFC 9110 §15.2.2).
    if (head.status >= 200 || head.status === 101) return head;
    options.onInterim(head);
  }
  throw new Failure("upstream_too_large", `more than ${INTERIM_RESPONSES_MAX} interim responses`);
}

/** Takes a head out of the buffer; undefined if it is not whole yet. */
function takeHead(connection: UpstreamConnection, scanner: HeadScanner): ResponseHead | undefined {
  const { buffered } = connection;
  const scan = scanner.scan(buffered);
  if (scan.kind === "malformed") throw malformed("a line of the head ends without CR");
  const length = scan.kind === "end" ? scan.length : buffered.length;
  if (length > HEAD_MAX_BYTES) {
    throw new Failure("upstream_too_large", `head has more than ${HEAD_MAX_BYTES} bytes`);
  }
  if (scan.kind === "more") return undefined;
  const parsed = parseResponseHead(decodeLatin1(buffered, length));
  connection.take(length);
  if (parsed.kind === "head") return parsed.head;
  if (parsed.kind === "malformed") throw malformed(parsed.reason);
  throw new Failure("upstream_too_large", parsed.reason);
}

function closedWithin(isFirstByte: boolean): Failure {
  const where = isFirstByte ? "without an answer" : "within the head";
  return new Failure("upstream_closed", `server closed the connection ${where}`);
}

function malformed(reason: string): Failure {
  return new Failure("upstream_malformed", `Cannot read the response: ${reason}`);
}
