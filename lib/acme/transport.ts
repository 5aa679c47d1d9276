/**
 * Requests to a CA: signed posts with fresh nonces, bounded answers, time limits, and another try
 * where that can do no harm. Knows no resource of ACME. Does I/O. Input comes from strangers. Whoever
 * makes one disposes of it.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { errorText } from "../base/failures.ts";
import {
  ACME_BAD_NONCES_MAX,
  ACME_BODY_MAX_BYTES,
  ACME_NONCES_MAX,
  ACME_REQUEST_TIMEOUT_MS,
  ACME_RETRIES_MAX,
  ACME_RETRY_AFTER_PATIENCE_MS,
  ACME_RETRY_PAUSE_MS,
} from "../base/certificate_limits.ts";
import { AcmeError, bodyError } from "./acme_error.ts";
import { type JwsIdentity, signJws } from "./jws.ts";
import { pause } from "./pause.ts";
import { parseRetryAfter } from "./retry_after.ts";

/** Causes of an error that are told; a chain may be a circle. */
const CAUSES_MAX = 4;

/** What a transport works with. */
export interface TransportOptions {
  readonly clock: Clock;
  /** PEM of roots to trust besides the runtime's, for a private directory. */
  readonly caCerts?: readonly string[];
  /** Milliseconds for one request, its body included. Default {@linkcode ACME_REQUEST_TIMEOUT_MS}. */
  readonly requestTimeoutMs?: number;
}

/** An answer with a status of 2xx, its body read. */
export interface AcmeAnswer {
  readonly status: number;
  /** At most {@linkcode ACME_BODY_MAX_BYTES}. */
  readonly text: string;
  /** The URL of what was made (RFC 8555 §7.3, §7.4). */
  readonly location: string | undefined;
  /** Milliseconds from the answer. */
  readonly retryAfterMs: number | undefined;
}

/** A signed request. */
export interface AcmePost {
  readonly url: string;
  /** undefined makes it a POST-as-GET (RFC 8555 §6.3). */
  readonly payload: unknown;
  readonly key: CryptoKey;
  readonly identity: JwsIdentity;
  /** Where nonces come from (RFC 8555 §7.2). */
  readonly newNonceUrl: string;
  /** Doing it twice is harmless: it may be sent again if its answer was lost or is 5xx. */
  readonly isSafe: boolean;
}

/** Sends requests to one CA. */
export class AcmeTransport implements Disposable {
  readonly #clock: Clock;
  readonly #requestTimeoutMs: number;
  readonly #http: Deno.HttpClient;
  #nonces: string[] = [];

  constructor(options: TransportOptions) {
    this.#clock = options.clock;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? ACME_REQUEST_TIMEOUT_MS;
    this.#http = Deno.createHttpClient({ caCerts: [...options.caCerts ?? []] });
  }

  /**
   * Gets a public resource.
   *
   * @throws {AcmeError} If there is no good answer, or the signal's reason if it was aborted.
   */
  async get(url: string, signal: AbortSignal): Promise<AcmeAnswer> {
    return await this.#persist(true, signal, () => this.#exchange(url, { method: "GET" }, signal));
  }

  /**
   * Posts.
   *
   * @throws {AcmeError} If there is no good answer, or the signal's reason if it was aborted.
   */
  async post(post: AcmePost, signal: AbortSignal): Promise<AcmeAnswer> {
    return await this.#persist(post.isSafe, signal, () => this.#postOnce(post, signal));
  }

  /** Closes idle connections. */
  [Symbol.dispose](): void {
    this.#http.close();
  }

  /** Signs anew for each nonce that the CA does not like (RFC 8555 §6.5). */
  async #postOnce(post: AcmePost, signal: AbortSignal): Promise<AcmeAnswer> {
    const { url, identity, key, payload } = post;
    for (let refused = 0;; refused++) {
      const nonce = this.#nonces.pop() ?? await this.#newNonce(post.newNonceUrl, signal);
      const body = await signJws(key, { identity, nonce, url }, payload);
      const headers = { "content-type": "application/jose+json" };
      try {
        return await this.#exchange(url, { method: "POST", body, headers }, signal);
      } catch (error) {
        const isBadNonce = error instanceof AcmeError && error.type === "badNonce";
        if (!isBadNonce || refused >= ACME_BAD_NONCES_MAX) throw error;
        // If one is too old, so are those before it. The refusal brought a new one.
        this.#nonces = this.#nonces.slice(-1);
      }
    }
  }

  async #newNonce(url: string, signal: AbortSignal): Promise<string> {
    let nonce: string | undefined;
    // Not by way of the store of nonces: another post would take it from there.
    await this.#exchange(url, { method: "HEAD" }, signal, (given) => nonce = given);
    if (nonce !== undefined) return nonce;
    throw new AcmeError("unexpected", { detail: `${url} gives no nonce` });
  }

  /** Tries again what may be tried again, with growing pauses. */
  async #persist(
    isSafe: boolean,
    signal: AbortSignal,
    run: () => Promise<AcmeAnswer>,
  ): Promise<AcmeAnswer> {
    for (let pauseMs = ACME_RETRY_PAUSE_MS, lost = 0;; pauseMs *= 2, lost++) {
      try {
        return await run();
      } catch (error) {
        if (!isSafe || lost >= ACME_RETRIES_MAX || !isPassing(error)) throw error;
        await pause(this.#clock, Math.max(pauseMs, error.retryAfterMs ?? 0), signal);
      }
    }
  }

  /**
   * @param takeNonce Gets the nonce of the answer, if it brings one, whatever its status.
   * @throws {AcmeError} Unless the status is 2xx.
   */
  async #exchange(
    url: string,
    init: RequestInit,
    signal: AbortSignal,
    takeNonce: (nonce: string) => void = (nonce) => this.#keepNonce(nonce),
  ): Promise<AcmeAnswer> {
    const limit = AbortSignal.timeout(this.#requestTimeoutMs);
    try {
      const response = await fetch(url, {
        ...init,
        headers: { ...init.headers, "user-agent": "postern" },
        // A signature holds for one URL only, so a post cannot follow a redirect.
        redirect: init.method === "POST" ? "manual" : "follow",
        signal: AbortSignal.any([signal, limit]),
        client: this.#http,
      });
      const nonce = response.headers.get("replay-nonce");
      // RFC 8555 §6.5.1: whatever is not base64url must be ignored.
      if (nonce !== null && /^[\w-]{1,512}$/.test(nonce)) takeNonce(nonce);
      return this.#judge(response, await readBounded(response, url));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AcmeError) throw error;
      const detail = limit.aborted
        ? `no answer from ${url} within ${this.#requestTimeoutMs} ms`
        : causeText(error);
      throw new AcmeError("unreachable", { detail, cause: error });
    }
  }

  #judge(response: Response, text: string): AcmeAnswer {
    const { ok, status, headers } = response;
    const retryAfterMs = parseRetryAfter(headers.get("retry-after"), this.#clock.now());
    if (!ok) throw bodyError(text, { status, retryAfterMs });
    return { status, text, location: headers.get("location") ?? undefined, retryAfterMs };
  }

  /** The newest are the ones that the CA is most likely to know. */
  #keepNonce(nonce: string): void {
    this.#nonces.push(nonce);
    if (this.#nonces.length > ACME_NONCES_MAX) this.#nonces.shift();
  }
}

/** Whether the same request may succeed a moment later. */
function isPassing(error: unknown): error is AcmeError {
  if (!(error instanceof AcmeError)) return false;
  if (error.kind === "unreachable") return true;
  return error.status >= 500 && (error.retryAfterMs ?? 0) <= ACME_RETRY_AFTER_PATIENCE_MS;
}

/** The runtime's `fetch failed` says nothing; the reasons are in its chain of causes. */
function causeText(error: unknown): string {
  const texts: string[] = [];
  for (let depth = 0; error !== undefined && depth < CAUSES_MAX; depth++) {
    const text = errorText(error);
    if (!texts.includes(text)) texts.push(text);
    error = error instanceof Error ? error.cause : undefined;
  }
  return texts.join(": ");
}

async function readBounded(response: Response, url: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    // Leaving the loop cancels the body.
    if (length > ACME_BODY_MAX_BYTES) {
      const detail = `the answer of ${url} has more than ${ACME_BODY_MAX_BYTES} bytes`;
      throw new AcmeError("unexpected", { status: response.status, detail });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
