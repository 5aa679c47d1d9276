/**
 * A request as the applications see it, whichever server read it: plain data, and the client's real
 * address. Types only.
 *
 * @module
 */
import type { Endpoint } from "../base/addresses.ts";
import type { Body, HeaderLine } from "./message.ts";

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
  readonly body: Body | undefined;
  readonly scheme: "https" | "http";
  readonly httpVersion: HttpVersion;
  /** The real client, or the one a trusted HTTP proxy in front vouches for. */
  readonly client: Endpoint;
  /** The HTTP proxy in front that vouches for the client; undefined if the client connected itself. */
  readonly trustedProxy?: TrustedProxy;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /**
   * The protocols the client asks to switch to, as they stand in `Upgrade` (RFC 9110 §7.8); undefined
   * if it does not, with a body, and over HTTP/2.
   */
  readonly upgrade: string | undefined;
  /**
   * The client waits for 100 (Continue) before it sends the body (RFC 9110 §10.1.1). The server sends
   * it when the body is read for the first time.
   */
  readonly expectsContinue: boolean;
  /**
   * Passes an interim (1xx) response on, 100 and 101 excepted, before the final one; does nothing where
   * that is not possible (HTTP/1.0). Hop-by-hop fields are already gone.
   */
  sendInterim(status: number, headers: readonly HeaderLine[]): void;
}

/** An HTTP proxy of `trusted_proxies`, and what it says. */
export interface TrustedProxy {
  /** Its own address. */
  readonly peer: Endpoint;
  /** The field that says who the client is; undefined if neither does. */
  readonly source: "x-forwarded-for" | "forwarded" | undefined;
  /** The host that the client asked it for, if it says so. */
  readonly host: string | undefined;
}

/** What a client speaks. */
export type HttpVersion = "1.0" | "1.1" | "2";
