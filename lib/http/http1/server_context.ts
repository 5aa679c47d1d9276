/**
 * What all connections of one HTTP/1.1 server share. Types only.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { LoopbackOptions } from "../loopback_server.ts";
import type { AnswerTools } from "./answer_writer.ts";

/** How long a connection may be without a request. Milliseconds. */
export interface RequestTimeouts {
  /** From the connection's start, or from a later head's first byte, to the end of the head. */
  readonly headerMs: number;
  /** Between two requests. */
  readonly keepAliveMs: number;
}

/** What all connections of a server share. */
export interface ServerContext extends LoopbackOptions, AnswerTools {
  /** With cheap timers. */
  readonly clock: Clock;
  readonly port: number;
  readonly timeouts: RequestTimeouts;
}
