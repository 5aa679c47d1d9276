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
  /** Called for each interim response, 101 excepted. */
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
    const head = await readOneHead(connection, options.isReused && interim === 0);
    if (head.status >= 200) return head;
    // Nothing was sent that asks for another protocol (RFC 9110 §15.2.2).
    if (head.status === 101) throw malformed("switches protocols without being asked");
    options.onInterim(head);
  }
  throw new Failure("upstream_too_large", `more than ${INTERIM_RESPONSES_MAX} interim responses`);
}

async function readOneHead(
  connection: UpstreamConnection,
  mayBeStale: boolean,
): Promise<ResponseHead> {
  const scanner = new HeadScanner();
  if (connection.buffered.length === 0) await readFirstBytes(connection, mayBeStale);
  for (;;) {
    const { buffered } = connection;
    const scan = scanner.scan(buffered);
    if (scan.kind === "malformed") throw malformed("a line of the head ends without CR");
    const length = scan.kind === "end" ? scan.length : buffered.length;
    if (length > HEAD_MAX_BYTES) {
      throw new Failure("upstream_too_large", `head has more than ${HEAD_MAX_BYTES} bytes`);
    }
    if (scan.kind === "end") return takeHead(connection, length);
    if (await connection.fill() === null) {
      throw new Failure("upstream_closed", "server closed the connection within the head");
    }
  }
}

async function readFirstBytes(connection: UpstreamConnection, mayBeStale: boolean): Promise<void> {
  try {
    if (await connection.fill() !== null) return;
    throw new Failure("upstream_closed", "server closed the connection without an answer");
  } catch (error) {
    if (!mayBeStale) throw error;
    throw new Failure("upstream_stale", "server closed an idle connection", { cause: error });
  }
}

function takeHead(connection: UpstreamConnection, length: number): ResponseHead {
  const parsed = parseResponseHead(decodeLatin1(connection.buffered.subarray(0, length)));
  connection.take(length);
  if (parsed.kind === "head") return parsed.head;
  if (parsed.kind === "malformed") throw malformed(parsed.reason);
  throw new Failure("upstream_too_large", parsed.reason);
}

function malformed(reason: string): Failure {
  return new Failure("upstream_malformed", `Cannot read the response: ${reason}`);
}
