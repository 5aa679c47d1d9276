/**
 * Asks another server, such as Authelia or authentik, about each request before it goes on. Only a 2xx
 * lets it pass; whatever else it answers is the client's answer, the way to the login page for
 * instance; and if it cannot be asked, nobody gets in. Sends through a function that is handed in.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Counters } from "../../base/counters.ts";
import { errorText, Failure } from "../../base/failures.ts";
import { FORWARD_AUTH_DRAIN_MAX_BYTES } from "../../base/limits.ts";
import type { Log } from "../../base/log.ts";
import type { Sampler } from "../../base/sampler.ts";
import { withTimeLimit } from "../../base/time_limit.ts";
import type { ForwardAuthConfig, ServerConfig } from "../../config/config.ts";
import { discardBody, plainAnswer } from "../answer.ts";
import { pathOf, type Policy } from "../application.ts";
import type { Exchange } from "../exchange.ts";
import { isFieldName } from "../http1/grammar.ts";
import type { Answer, UpstreamRequest } from "../message.ts";
import { refuseRequest } from "../refusal.ts";
import { authRequestHeaders, vouchedHeaders } from "./auth_request.ts";
import { hasDotSegments } from "./path_readings.ts";
import { withFields, withHeaders } from "./with_fields.ts";
import { withoutNames } from "./without_names.ts";
import { withoutTrailers } from "./without_trailers.ts";

/** What the policy works with. */
export interface ForwardAuthEnvironment {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly sampler: Sampler;
  /** The name of this process in `Via`: an auth server behind itself would ask without end. */
  readonly via: string;
  /** Sends the subrequest. @throws {Failure} */
  send(server: ServerConfig, request: UpstreamRequest): Promise<Answer>;
}

/** Makes the policy. */
export function askAuthServer(
  config: ForwardAuthConfig,
  environment: ForwardAuthEnvironment,
): Policy {
  return async (exchange, next) => {
    // The auth server decides by the path, and may resolve dots where the upstream does not.
    if (hasDotSegments(pathOf(exchange.target))) {
      exchange.body?.cancel();
      const reason = "Bad request: its path has dot segments";
      return refuseRequest(exchange, { status: 400, reason });
    }
    let verdict: Answer;
    try {
      verdict = await ask(exchange, config, environment);
    } catch (error) {
      exchange.body?.cancel();
      return answerFailure(error, exchange, environment);
    }
    if (verdict.status < 200 || verdict.status > 299) return passOn(verdict, exchange);
    const headers = vouchedHeaders(exchange.headers, verdict, config.copyHeaders);
    const body = withoutTrailers(exchange.body, config.copyHeaders);
    const answer = await next(withFields(exchange, { headers, body }));
    return withCookies(answer, verdict);
  };
}

/**
 * Makes the policy that stands where no auth server is asked, beside paths where one is: nobody may
 * send there what an upstream believes because elsewhere an auth server vouches for it.
 */
export function dropHeaders(names: readonly string[]): Policy {
  return (exchange, next) => {
    const headers = withoutNames(exchange.headers, names);
    const body = withoutTrailers(exchange.body, names);
    return next(withFields(exchange, { headers, body }));
  };
}

/** @throws {Failure} If there is no answer in time, or none that says yes or no. */
async function ask(
  exchange: Exchange,
  config: ForwardAuthConfig,
  environment: ForwardAuthEnvironment,
): Promise<Answer> {
  const { clock, send, via } = environment;
  const asking = new AbortController();
  const signal = AbortSignal.any([exchange.signal, asking.signal]);
  const request: UpstreamRequest = {
    method: "GET",
    target: config.target,
    headers: authRequestHeaders(exchange, config, via),
    body: undefined,
    signal,
  };
  try {
    return await withTimeLimit(send(config.server, request).then(readVerdict), {
      clock,
      timeoutMs: config.timeoutMs,
      signal: exchange.signal,
      discard: discardBody,
    });
  } catch (error) {
    // Whatever is still open of the subrequest is closed.
    asking.abort();
    throw error;
  }
}

/** Reads a yes to its end, so that its connection can be kept; another answer goes to the client. */
async function readVerdict(answer: Answer): Promise<Answer> {
  const { body, status } = answer;
  // The subrequest asks for neither.
  if (status < 200 || status === 304) {
    discardBody(answer);
    throw new Failure("upstream_malformed", `auth server answers ${status}`);
  }
  if (status > 299 || body === undefined || body instanceof Uint8Array) return answer;
  const target = new Uint8Array(4_096);
  let total = 0;
  for (let count; (count = await body.read(target)) > 0;) {
    total += count;
    if (total <= FORWARD_AUTH_DRAIN_MAX_BYTES) continue;
    body.cancel();
    break;
  }
  return { ...answer, body: undefined };
}

/** The subrequest is a GET, whatever the client's was. */
function passOn(verdict: Answer, { body, method }: Exchange): Answer {
  body?.cancel();
  if (method !== "HEAD") return verdict;
  discardBody(verdict);
  return { ...verdict, body: undefined };
}

/** A session is prolonged while it is used: the auth server's cookies are the client's. */
function withCookies(answer: Answer, verdict: Answer): Answer {
  const cookies = verdict.headers.filter(([name]) => isFieldName(name, "set-cookie"));
  if (cookies.length === 0) return answer;
  return withHeaders(answer, [...answer.headers, ...cookies]);
}

function answerFailure(
  error: unknown,
  { authority, signal }: Exchange,
  { counters, log, sampler }: ForwardAuthEnvironment,
): Answer {
  // Nobody reads this answer, and no server is to blame.
  if (!signal.aborted) {
    counters.add("forward_auth_failures");
    const heldBack = sampler.admit("forward_auth");
    if (heldBack !== undefined) {
      log.error("Cannot ask the auth server", {
        host: authority,
        kind: error instanceof Failure ? error.kind : undefined,
        error: errorText(error),
        heldBack: heldBack === 0 ? undefined : heldBack,
      });
    }
  }
  return plainAnswer(502, "Bad gateway: the service that checks who you are does not answer");
}
