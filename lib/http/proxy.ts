/**
 * Proxies an exchange to the servers of an upstream: the next server is tried as long as nothing has
 * been sent, the answer streams back, a failure becomes 502 or 504 with a short body.
 *
 * @module
 */
import { formatAddress } from "../base/addresses.ts";
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { errorText, Failure } from "../base/failures.ts";
import type { Log } from "../base/log.ts";
import type { Sampler } from "../base/sampler.ts";
import type { ServerConfig, TimeoutsConfig, UpstreamTlsConfig } from "../config/config.ts";
import { canBeAnswered, discardBody, plainAnswer, toResponse } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { hasPassed, upstreamRequestHeaders } from "./headers.ts";
import { lendBody } from "./lend_body.ts";
import type { UpstreamRequest, UpstreamResponse } from "./message.ts";

/** Where an exchange goes. */
export interface ProxyTarget {
  readonly servers: readonly ServerConfig[];
  readonly upstreamTls: UpstreamTlsConfig;
  readonly timeouts: TimeoutsConfig;
}

/** What proxying is handed. */
export interface ProxyEnvironment {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly sampler: Sampler;
  /** The name of this process in `Via`, by which it knows a request that comes back to it. */
  readonly via: string;
  orderServers(servers: readonly ServerConfig[]): readonly ServerConfig[];
  /** Owns the request's body from then on. @throws {Failure} */
  send(
    server: ServerConfig,
    request: UpstreamRequest,
    target: ProxyTarget,
  ): Promise<UpstreamResponse>;
}

/** Proxies and answers. Never throws. */
export async function proxy(
  exchange: Exchange,
  target: ProxyTarget,
  environment: ProxyEnvironment,
): Promise<Response> {
  if (hasPassed(exchange.headers, environment.via)) {
    environment.counters.add("request_loop");
    return plainAnswer(508, "Loop: this request came back to the proxy that sent it");
  }
  const request: UpstreamRequest = {
    method: exchange.method,
    target: exchange.target,
    headers: upstreamRequestHeaders(exchange, environment.via),
    body: exchange.body,
    signal: exchange.signal,
  };
  try {
    return toResponse(exchange.method, await sendToOne(request, target, environment));
  } catch (error) {
    return answerFailure(error, exchange, { ...environment, target });
  }
}

/** Tries the servers in turn for as long as a failure says that nothing was lost by it. */
async function sendToOne(
  request: UpstreamRequest,
  target: ProxyTarget,
  environment: ProxyEnvironment,
): Promise<UpstreamResponse> {
  const { body } = request;
  let failure: Failure | undefined;
  const isLent = body !== undefined && target.servers.length > 1;
  for (const server of environment.orderServers(target.servers)) {
    try {
      const attempt = isLent ? { ...request, body: lendBody(body) } : request;
      const answer = await environment.send(server, attempt, target);
      if (canBeAnswered(answer.status)) return answer;
      discardBody(answer);
      throw new Failure("upstream_malformed", `status ${answer.status} cannot be passed on`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure = error;
      if (!mayTryNext(error, request)) break;
      environment.log.debug("Server failed", { server: nameOf(server), kind: error.kind });
    }
  }
  throw failure ?? new Failure("upstream_refused", "upstream has no server");
}

/**
 * A body that has been read from is gone. And a server that closed a connection it had kept may have
 * acted on the request: whether that one may be sent twice, the sender has decided by itself.
 */
function mayTryNext(failure: Failure, { body }: UpstreamRequest): boolean {
  return failure.retryable && failure.kind !== "upstream_stale" && !body?.stream.locked;
}

function nameOf({ address }: ServerConfig): string {
  return address.kind === "sample" ? "sample" : formatAddress(address);
}

function answerFailure(
  error: unknown,
  exchange: Exchange,
  environment: ProxyEnvironment & { readonly target: ProxyTarget },
): Response {
  const { counters, log, sampler, target } = environment;
  const failure = error instanceof Failure ? error : undefined;
  const status = failure?.status ?? 500;
  // Nobody reads this answer, or the request was unusable: no upstream is to blame.
  if (failure?.fault === "client") return plainAnswer(status, describe(status));
  counters.add("upstream_failures");
  // By the upstream, of which there are few: under a wildcard, hosts are as many as a stranger likes.
  const heldBack = sampler.admit(`upstream ${target.servers.map(nameOf).join(" ")}`);
  if (heldBack !== undefined) {
    log.error("Cannot proxy request", {
      host: exchange.authority,
      kind: failure?.kind ?? "defect",
      error: errorText(error),
      heldBack: heldBack === 0 ? undefined : heldBack,
    });
  }
  return plainAnswer(status, describe(status));
}

/** The client learns what kind of thing failed, and nothing of addresses or certificates. */
function describe(status: number): string {
  switch (status) {
    case 400:
      return "Bad request: it cannot be passed on";
    case 499:
      return "Client closed the request";
    case 502:
      return "Bad gateway: the service behind this proxy cannot be reached or does not answer properly";
    case 503:
      return "Service unavailable: the proxy has no resources left, try again";
    case 504:
      return "Gateway timeout: the service behind this proxy does not answer in time";
    default:
      return "The proxy failed";
  }
}
