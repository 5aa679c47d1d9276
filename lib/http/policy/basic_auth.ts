/**
 * Lets nobody in without a name and a password (RFC 7617). The password's check runs in the runtime's
 * threads and within bounds; the upstream does not learn it. Keeps what was right for a while.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Counters } from "../../base/counters.ts";
import type { Log } from "../../base/log.ts";
import { isPassword, type PasswordHash, unmatchedHash } from "../../base/password_hash.ts";
import type { Sampler } from "../../base/sampler.ts";
import type { BasicAuthConfig } from "../../config/config.ts";
import { plainAnswer } from "../answer.ts";
import type { Policy } from "../application.ts";
import type { Exchange } from "../exchange.ts";
import type { Answer } from "../message.ts";
import { clientKey } from "./client_key.ts";
import type { PasswordChecks } from "./password_checks.ts";
import { readCredentials, withoutCredentials } from "./read_credentials.ts";
import { RememberedCredentials } from "./remembered_credentials.ts";
import { withFields } from "./with_fields.ts";

/** What the policy works with. */
export interface BasicAuthEnvironment {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly sampler: Sampler;
  /** One for the whole process. */
  readonly checks: PasswordChecks;
}

/** Who may come in: a hash by name. */
export type Users = ReadonlyMap<string, PasswordHash>;

/** Seconds after which a check has its turn in all likelihood. */
const BUSY_RETRY_SECONDS = 2;

/**
 * Makes the policy.
 *
 * @param users Those of the configuration and of its file; not empty.
 */
export function requireUser(
  config: BasicAuthConfig,
  users: Users,
  environment: BasicAuthEnvironment,
): Policy {
  const remembered = new RememberedCredentials(environment.clock);
  const [anyHash] = users.values();
  const nobody = unmatchedHash(anyHash);
  return async (exchange, next) => {
    const credentials = readCredentials(exchange.headers);
    if (credentials === undefined) return askForCredentials(exchange, config);
    const hash = users.get(credentials.name);
    const result = await remembered.verify(credentials, () =>
      environment.checks.run(
        clientKey(exchange.client.ip),
        // An unknown name takes as long as a wrong password, or names could be found out.
        () => isPassword(credentials.password, hash ?? nobody),
      ));
    if (result.kind === "busy") return answerBusy(exchange, result.fault, environment);
    if (!result.isRight) return refuse(exchange, config, environment);
    return config.passes
      ? next()
      : next(withFields(exchange, { headers: withoutCredentials(exchange.headers) }));
  };
}

/** RFC 7235 §4.1, RFC 7617 §2.1: names and passwords in UTF-8. */
function askForCredentials({ body }: Exchange, { realm }: BasicAuthConfig): Answer {
  body?.cancel();
  return plainAnswer(401, "A name and a password are needed", [
    ["WWW-Authenticate", `Basic realm="${realm}", charset="UTF-8"`],
  ]);
}

/** Says from where, and not who: people type their password into the wrong field. */
function refuse(
  exchange: Exchange,
  config: BasicAuthConfig,
  { counters, log, sampler }: BasicAuthEnvironment,
): Answer {
  counters.add("credentials_refused");
  const heldBack = sampler.admit("credentials_refused");
  if (heldBack !== undefined) {
    log.warn("Refused a name and password", {
      client: exchange.client.ip,
      host: exchange.authority,
      heldBack: heldBack === 0 ? undefined : heldBack,
    });
  }
  return askForCredentials(exchange, config);
}

function answerBusy(
  { body }: Exchange,
  fault: "client" | "self",
  { counters }: BasicAuthEnvironment,
): Answer {
  body?.cancel();
  counters.add("credentials_busy");
  const retry = [["Retry-After", String(BUSY_RETRY_SECONDS)]] as const;
  return fault === "client"
    ? plainAnswer(429, "Too many passwords at once: wait a moment", retry)
    : plainAnswer(503, "Too many passwords are being checked: wait a moment", retry);
}
