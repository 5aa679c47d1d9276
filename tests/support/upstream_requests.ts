/**
 * Requests and servers for tests of the upstream client, with defaults for all that a test does not
 * care about.
 *
 * @module
 */
import { systemClock } from "../../lib/base/clock.ts";
import { Counters } from "../../lib/base/counters.ts";
import { Failure } from "../../lib/base/failures.ts";
import type { Address } from "../../lib/base/addresses.ts";
import type { Answer, Body, HeaderLine, UpstreamRequest } from "../../lib/http/message.ts";
import { decodeLatin1 } from "../../lib/http/http1/latin1.ts";
import type { Pool } from "../../lib/http/upstream/pool.ts";
import { UpstreamClient } from "../../lib/http/upstream/upstream_client.ts";
import type {
  ClientCertificate,
  TlsTrust,
  UpstreamServer,
} from "../../lib/http/upstream/upstream_server.ts";

/** A plain server, or one with TLS if `trust` is given. */
export function serverAt(
  address: Address,
  options: {
    readonly trust?: TlsTrust;
    readonly serverName?: string;
    readonly clientCertificate?: ClientCertificate;
    readonly connectMs?: number;
    readonly responseMs?: number;
  } = {},
): UpstreamServer {
  const { trust, serverName, clientCertificate, connectMs = 60_000, responseMs = 60_000 } = options;
  return {
    address,
    tls: trust === undefined ? undefined : { serverName, trust, clientCertificate },
    connectMs,
    responseMs,
    key: JSON.stringify([address, trust, clientCertificate]),
  };
}

/** A GET of `/` with a Host, unless told otherwise. */
export function makeRequest(parts: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: "GET",
    target: "/",
    headers: [["Host", "app.test"]],
    body: undefined,
    signal: new AbortController().signal,
    ...parts,
  };
}

/** A client with counters of its own. */
export function makeClient(
  pool: Omit<ConstructorParameters<typeof Pool>[0], "clock"> = {},
): UpstreamClient & { readonly counters: Counters } {
  const counters = new Counters();
  return Object.assign(new UpstreamClient({ clock: systemClock, counters, pool }), { counters });
}

/** What a test's body did. */
export interface WatchedBody extends Body {
  /** Nobody reads on. */
  readonly isCancelled: boolean;
  /** How often it was asked for bytes. */
  readonly reads: number;
}

/** What {@linkcode makeBody} makes of its pieces. */
export interface MakeBodyOptions {
  /** Default: not known. */
  readonly length?: number;
  /** What comes after the pieces. Default `end`. */
  readonly then?: "end" | "error" | "silence";
  /** Shown once the body has ended. */
  readonly trailers?: readonly HeaderLine[];
}

/** A body that gives one piece whenever it is asked, then ends, breaks off or stays silent. */
export function makeBody(
  pieces: Iterable<string | Uint8Array>,
  options: MakeBodyOptions = {},
): WatchedBody {
  return new PiecesBody(pieces, options);
}

class PiecesBody implements WatchedBody {
  readonly length: number | undefined;
  reads = 0;
  isCancelled = false;
  trailers: readonly HeaderLine[] = [];
  readonly #pieces: Iterator<string | Uint8Array>;
  readonly #options: MakeBodyOptions;
  readonly #cancelled = Promise.withResolvers<never>();
  #rest = new Uint8Array(0);

  constructor(pieces: Iterable<string | Uint8Array>, options: MakeBodyOptions) {
    this.length = options.length;
    this.#pieces = pieces[Symbol.iterator]();
    this.#options = options;
    this.#cancelled.promise.catch(() => {});
  }

  get isTouched(): boolean {
    return this.reads > 0;
  }

  async read(target: Uint8Array): Promise<number> {
    this.reads++;
    if (target.length === 0) throw new Error("Nobody may ask for no bytes");
    if (this.isCancelled) throw new Failure("client_gone", "body was cancelled");
    while (this.#rest.length === 0) {
      const { done, value } = this.#pieces.next();
      if (done) return await this.#after();
      this.#rest = typeof value === "string" ? new TextEncoder().encode(value) : value.slice();
    }
    const piece = this.#rest.subarray(0, target.length);
    target.set(piece);
    this.#rest = this.#rest.subarray(piece.length);
    return piece.length;
  }

  cancel(): void {
    this.isCancelled = true;
    this.#cancelled.reject(new Failure("client_gone", "body was cancelled"));
  }

  #after(): number | Promise<never> {
    const { then = "end", trailers = [] } = this.#options;
    if (then === "error") throw new Error("client reset");
    if (then === "silence") return this.#cancelled.promise;
    this.trailers = trailers;
    return 0;
  }
}

/** Reads a response's body to its end as text of one character per byte. */
export async function readText(response: Answer): Promise<string> {
  const { body } = response;
  if (body === undefined) return "";
  if (body instanceof Uint8Array) return decodeLatin1(body);
  let text = "";
  for await (const bytes of piecesOf(body)) text += decodeLatin1(bytes);
  return text;
}

/** Reads a body, piece by piece; each is valid until the next is asked for. */
export async function* piecesOf(
  body: Body | Uint8Array,
  roomBytes = 65_536,
): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) return yield body;
  const room = new Uint8Array(roomBytes);
  for (let count; (count = await body.read(room)) > 0;) yield room.subarray(0, count);
}

/** The body of a response that is still being read; anything else fails the test. */
export function openBodyOf({ body }: Answer): Body {
  if (body === undefined || body instanceof Uint8Array) throw new Error("No body to be read");
  return body;
}

/** Waits for a failure and returns it; anything else fails the test. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("Nothing failed");
}

/** Waits until `isTrue`, at most for twenty seconds; for what other processes or sockets decide. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const untilMs = performance.now() + 20_000;
  while (!isTrue()) {
    if (performance.now() > untilMs) throw new Error(`Not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
