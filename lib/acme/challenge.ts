/**
 * Challenges (RFC 8555 §7.1.5, §8) and the answer to http-01 (§8.3). Input comes from strangers.
 *
 * @module
 */
import { z } from "zod";
import { ProblemSchema } from "./acme_error.ts";

/** RFC 8555 §8: what every challenge has, and the token that http-01 has. */
export const ChallengeSchema = z.object({
  type: z.string(),
  url: z.url(),
  status: z.string(),
  /**
   * §8.3: base64url with at least 128 bits of entropy, and nothing else: it becomes part of a path
   * and of an answer on port 80.
   */
  token: z.string().regex(/^[\w-]{22,256}$/).optional().catch(undefined),
  /** Why the CA could not validate it. */
  error: ProblemSchema.optional().catch(undefined),
});

/** A challenge as the CA states it. */
export type Challenge = z.infer<typeof ChallengeSchema>;

/** An http-01 challenge that can be answered. */
export interface HttpChallenge {
  readonly url: string;
  readonly token: string;
}

/** Finds the http-01 challenge among those that are offered. */
export function findHttpChallenge(challenges: readonly Challenge[]): HttpChallenge | undefined {
  for (const { type, url, token } of challenges) {
    if (type === "http-01" && token !== undefined) return { url, token };
  }
  return undefined;
}
