/**
 * Authorizations: the CA's record of whether we control a hostname (RFC 8555 §7.1.4, §7.5). Does I/O.
 * Input comes from strangers.
 *
 * @module
 */
import { z } from "zod";
import { AcmeError, problemError } from "./acme_error.ts";
import { ChallengeSchema, findHttpChallenge } from "./challenge.ts";
import type { ChallengesShown } from "./challenges_shown.ts";
import type { AcmeClient } from "./client.ts";
import { pollResource } from "./poll.ts";
import { parseResource } from "./resource.ts";

const AuthorizationSchema = z.object({
  /** RFC 8555 §7.1.4. */
  identifier: z.object({ type: z.string(), value: z.string() }),
  /** RFC 8555 §7.1.6: pending, valid, invalid, deactivated, expired, revoked. */
  status: z.string(),
  challenges: z.array(ChallengeSchema).max(50),
});
type Authorization = z.infer<typeof AuthorizationSchema>;

/** Where an authorization is and how it is to be proved. */
export interface AuthorizationProof {
  readonly url: string;
  /** The only hostname for which a challenge is answered. */
  readonly hostname: string;
  readonly challenges: ChallengesShown;
}

/**
 * Makes an authorization valid by http-01; one that is valid already is left alone. The challenge is
 * shown while this runs, and no longer.
 *
 * @throws {AcmeError} If the CA could not validate it, or offers no http-01.
 */
export async function proveAuthorization(
  client: AcmeClient,
  proof: AuthorizationProof,
  signal: AbortSignal,
): Promise<void> {
  const { url, hostname, challenges } = proof;
  const label = { what: "authorization", url, schema: AuthorizationSchema };
  const authorization = parseResource(await client.post(url, signal), label.schema, label);
  if (isValid(authorization)) return;
  if (authorization.identifier.value.toLowerCase() !== hostname) {
    throw new AcmeError("unexpected", { detail: "the authorization is for another name" });
  }
  const challenge = findHttpChallenge(authorization.challenges);
  if (challenge === undefined) {
    const offered = authorization.challenges.map(({ type }) => type).join(", ");
    throw new AcmeError("unexpected", { detail: `the CA offers no http-01, but: ${offered}` });
  }
  const answer = await client.keyAuthorization(challenge.token, signal);
  using _shown = challenges.show(hostname, challenge.token, answer);
  // RFC 8555 §7.5.1: an empty object says that the answer is in place.
  await client.post(challenge.url, signal, { payload: {} });
  await pollResource(client, { ...label, isDone: isValid }, signal);
}

/** @throws {AcmeError} If it can no longer become valid. */
function isValid({ status, challenges }: Authorization): boolean {
  if (status === "valid") return true;
  if (status === "pending") return false;
  const error = challenges.find((challenge) => challenge.error !== undefined)?.error;
  if (error !== undefined) throw problemError(error, { status: error.status ?? 400 });
  throw new AcmeError("problem", { detail: `the authorization is ${status}` });
}
