/**
 * Looks at a resource until it has changed (RFC 8555 §7.5.1). Does I/O. Ends: the resource is done or
 * invalid, the answer is an error, or the signal is aborted; the caller's signal carries the limit.
 *
 * @module
 */
import type { z } from "zod";
import {
  ACME_POLL_PAUSE_MAX_MS,
  ACME_POLL_PAUSE_MIN_MS,
  ACME_RETRY_AFTER_PATIENCE_MS,
} from "../base/certificate_limits.ts";
import type { AcmeClient } from "./client.ts";
import { pause } from "./pause.ts";
import { parseResource, type ResourceLabel } from "./resource.ts";

/** What to look at, and for what. */
export interface Poll<T> extends ResourceLabel {
  readonly schema: z.ZodType<T>;
  /** Throws if the resource can no longer become what is awaited. */
  readonly isDone: (resource: T) => boolean;
}

/** Looks again and again. @returns The first state that is done. @throws What `isDone` throws. */
export async function pollResource<T>(
  client: AcmeClient,
  poll: Poll<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let pauseMs = ACME_POLL_PAUSE_MIN_MS;; pauseMs *= 1.5) {
    const answer = await client.post(poll.url, signal);
    const resource = parseResource(answer, poll.schema, poll);
    if (poll.isDone(resource)) return resource;
    const asked = Math.min(answer.retryAfterMs ?? 0, ACME_RETRY_AFTER_PATIENCE_MS);
    const ownMs = Math.min(pauseMs, ACME_POLL_PAUSE_MAX_MS);
    await pause(client.clock, Math.max(ownMs, asked), signal);
  }
}
