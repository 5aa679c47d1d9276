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
import type { RequestBody, UpstreamRequest, UpstreamResponse } from "../../lib/http/message.ts";
import type { Pool } from "../../lib/http/upstream/pool.ts";
import { UpstreamClient } from "../../lib/http/upstream/upstream_client.ts";
import type { TlsTrust, UpstreamServer } from "../../lib/http/upstream/upstream_server.ts";

/** A plain server, or one with TLS if `trust` is given. */
export function serverAt(
  address: Address,
  options: {
    readonly trust?: TlsTrust;
    readonly serverName?: string;
    readonly connectMs?: number;
    readonly responseMs?: number;
  } = {},
): UpstreamServer {
  const { trust, serverName, connectMs = 5_000, responseMs = 5_000 } = options;
  return {
    address,
    tls: trust === undefined ? undefined : { serverName, trust },
    connectMs,
    responseMs,
    key: JSON.stringify([address, trust]),
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
export interface WatchedBody extends RequestBody {
  /** The client has let the stream go. */
  readonly isCancelled: boolean;
}

/**
 * A body that gives one piece whenever it is asked, then ends, breaks off or stays silent.
 *
 * @param options.length Default: not known.
 */
export function makeBody(
  pieces: Iterable<string | Uint8Array>,
  options: { readonly length?: number; readonly then?: "end" | "error" | "silence" } = {},
): WatchedBody {
  const encoder = new TextEncoder();
  const iterator = pieces[Symbol.iterator]();
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = iterator.next();
      if (!done) {
        return controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
      }
      if (options.then === "error") return controller.error(new Error("client reset"));
      if (options.then !== "silence") controller.close();
    },
    cancel() {
      isCancelled = true;
    },
  }, { highWaterMark: 0 });
  return {
    length: options.length,
    stream,
    get isCancelled() {
      return isCancelled;
    },
  };
}

/** Reads a response's body to its end as text. */
export async function readText(response: UpstreamResponse): Promise<string> {
  const { body } = response;
  const decoder = new TextDecoder();
  if (body === undefined || body instanceof Uint8Array) return decoder.decode(body);
  let text = "";
  for await (const bytes of body) text += decoder.decode(bytes, { stream: true });
  return text;
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

/** Waits until `isTrue`, at most for five seconds; for what other processes or sockets decide. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const untilMs = Date.now() + 5_000;
  while (!isTrue()) {
    if (Date.now() > untilMs) throw new Error(`Not within 5 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
