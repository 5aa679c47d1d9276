/**
 * A request as the applications see it, whichever server read it: plain data, and the client's real
 * address. Types only.
 *
 * @module
 */
import type { Endpoint } from "../base/addresses.ts";
import type { HeaderLine, RequestBody } from "./message.ts";

/** One request that waits for its answer. */
export interface Exchange {
  /** A token (RFC 9110 §9.1), as sent. */
  readonly method: string;
  /** Origin form, or `*` (RFC 9112 §3.2), as sent: nothing is decoded or normalized. */
  readonly target: string;
  /** What was asked for, with the port if one was sent: the Host field or `:authority`. */
  readonly authority: string;
  /** The hostname of `authority`, normalized; undefined for an IP literal or an unusable name. */
  readonly hostname: string | undefined;
  /** As received, hop-by-hop and Host fields included. */
  readonly headers: readonly HeaderLine[];
  readonly body: RequestBody | undefined;
  readonly scheme: "https" | "http";
  /** What the client speaks; HTTP/1.0 and HTTP/1.1 are `1.1`. */
  readonly httpVersion: "1.1" | "2";
  readonly client: Endpoint;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

/** What Hono applications are given beside the `Request`: `context.env`. */
export interface ExchangeBindings {
  readonly Bindings: { readonly exchange: Exchange };
}
