/**
 * What all connections of one loopback server share, whichever version of HTTP they speak. Types only.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { AnswerTools } from "./http1/answer_writer.ts";
import type { LoopbackOptions } from "./loopback_server.ts";

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
