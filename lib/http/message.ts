/**
 * HTTP messages as plain records: the currency between the servers, the application and the upstream
 * client. Header lines keep the order, the case and the duplicates they came with; no `Headers`,
 * `Request` or `Response` is built on the way. Types only.
 *
 * Whoever takes a message takes its body: it reads the stream to its end or cancels it.
 *
 * @module
 */

/** A header line as sent: name and value are latin1 text, one character per byte. */
export type HeaderLine = readonly [name: string, value: string];

/** The body of a request. */
export interface RequestBody {
  /** Bytes, 0 or more; undefined = not known beforehand, so it is sent chunked. */
  readonly length: number | undefined;
  readonly stream: ReadableStream<Uint8Array>;
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
  readonly body: RequestBody | undefined;
  /** Aborts when the client has gone: everything that belongs to this exchange is closed at once. */
  readonly signal: AbortSignal;
}

/** An upstream's final answer. */
export interface UpstreamResponse {
  /** 200 to 599. */
  readonly status: number;
  /** The reason phrase, often empty. */
  readonly reason: string;
  /** As received, hop-by-hop and framing fields included. */
  readonly headers: readonly HeaderLine[];
  /**
   * undefined = the message has no body (HEAD, 204, 304, length 0); bytes if the whole body was
   * already there; else a stream that ends early with a {@linkcode Failure} if the upstream does.
   * Cancelling the stream closes the connection.
   */
  readonly body: ReadableStream<Uint8Array> | Uint8Array | undefined;
  /** Bytes of `body`; undefined = not known beforehand. For HEAD and 304 see Content-Length. */
  readonly bodyLength: number | undefined;
  /** The trailer section: empty until the body has been read to its end. */
  readonly trailers: () => readonly HeaderLine[];
}
