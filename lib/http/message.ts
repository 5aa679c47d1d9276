/**
 * HTTP messages as plain records: the currency between the servers, the application and the upstream
 * client. Header lines keep the order, the case and the duplicates they came with; no `Headers`,
 * `Request` or `Response` is built on the way. Types only.
 *
 * Whoever takes a message takes its body: it reads it to its end or cancels it. Whoever takes
 * a tunnel closes its connection.
 *
 * @module
 */
import type { Connection } from "./connection.ts";
import type { Refusal } from "./refusal.ts";

/** A header line as sent: name and value are latin1 text, one character per byte. */
export type HeaderLine = readonly [name: string, value: string];

/**
 * The body of a message, read by whoever took the message: to its end, or until it is cancelled.
 * Nothing is read ahead of being asked for, so that a slow reader slows the writer and no memory fills.
 */
export interface Body {
  /** Bytes in all; undefined = not known beforehand, so it is sent chunked. */
  readonly length: number | undefined;
  /**
   * Reads into `target`, waiting for the sender if need be. One read at a time.
   *
   * @param target At least one byte long.
   * @returns How many bytes; 0 only at the end.
   * @throws {Failure} If the body is cut off or malformed, or the exchange has been ended.
   */
  read(target: Uint8Array): Promise<number>;
  /** Says that nobody reads on. May be called again, and after the end. */
  cancel(): void;
  /** The trailer section (RFC 9110 §6.5): empty until the body has been read to its end. */
  readonly trailers: readonly HeaderLine[];
  /** Whether a read was ever asked for: before the first one, the body is whole and unsent. */
  readonly isTouched: boolean;
}

/** A request as the upstream gets it. */
export interface UpstreamRequest {
  /** A token (RFC 9110 §9.1); case counts. */
  readonly method: string;
  /** The request target (RFC 9112 §3.2): visible ASCII, no space. */
  readonly target: string;
  /**
   * Complete, Host included, hop-by-hop fields already gone. Content-Length and Transfer-Encoding
   * are left out when sending: the client writes the one that belongs to `body`.
   */
  readonly headers: readonly HeaderLine[];
  /** undefined = none. */
  readonly body: Body | undefined;
  /** Aborts when the client has gone: everything that belongs to this exchange is closed at once. */
  readonly signal: AbortSignal;
  /**
   * The protocols to switch to (RFC 9110 §7.8), as they stand in `Upgrade`; undefined = none. Only
   * then may the answer be 101. Never together with a body.
   */
  readonly upgrade?: string;
  /**
   * The client waits for 100 (Continue) before it sends the body (RFC 9110 §10.1.1): `Expect` is sent,
   * and nothing is read from the body before the server says 100, or nothing for a while. Reading the
   * body is what makes the client send it.
   */
  readonly expectsContinue?: boolean;
}

/** A final answer, or 101: an upstream's, or one of our own. */
export interface Answer {
  /** 101, or 200 to 599. */
  readonly status: number;
  /** The reason phrase, often empty. */
  readonly reason: string;
  /** As received, hop-by-hop and framing fields included; whoever writes it to a client drops them. */
  readonly headers: readonly HeaderLine[];
  /**
   * undefined = the message has no body (HEAD, 204, 304, length 0), see Content-Length for what HEAD
   * and 304 say of one; bytes if the whole body was already there; else a body that ends early with a
   * {@linkcode Failure} if the upstream does. Cancelling it closes the connection.
   */
  readonly body: Body | Uint8Array | undefined;
  /** The trailer section of a body that came as bytes; that of a {@linkcode Body} is its own. */
  readonly trailers?: readonly HeaderLine[];
  /** With 101, and only then. */
  readonly tunnel?: Tunnel;
  /** Postern made it up itself, without a page of the user's: error pages may take its place. */
  readonly isOwn?: boolean;
  /** Why Postern refuses the request, if it does. */
  readonly refusal?: Refusal;
}

/** A server's connection that has switched to another protocol: bytes both ways from here on. */
export interface Tunnel {
  readonly connection: Connection;
  /** What the server sent right behind the head of its 101; may be empty. */
  readonly initial: Uint8Array;
}
