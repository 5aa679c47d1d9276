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
import type { ServerConfig, StickyConfig } from "../config/config.ts";
import { BODY_TOO_LARGE, plainAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { hasPassed, upstreamRequestHeaders, withoutHopByHop } from "./headers.ts";
import { countForward, countsForwards } from "./max_forwards.ts";
import type { Answer, HeaderLine, UpstreamRequest } from "./message.ts";
import type { RequestHeadersFor } from "./policy/request_headers.ts";
import { withHeaders } from "./policy/with_fields.ts";
import { refuseRequest } from "./refusal.ts";
import { readStickyCookie, stickyCookieLine } from "./sticky.ts";

/** Where an exchange goes, and what is done to it on the way. Made once per configuration. */
export interface ProxyTarget {
  readonly servers: readonly ServerConfig[];
  /** The last word on what a server gets; undefined = nothing is changed. */
  readonly changeHeaders?: RequestHeadersFor;
  /** Keeps a client at the server it had. */
  readonly sticky?: StickyConfig;
}

/** What proxying is handed. */
export interface ProxyEnvironment {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly sampler: Sampler;
  /** The name of this process in `Via`, by which it knows a request that comes back to it. */
  readonly via: string;
  /**
   * Yields the servers to try, the first choice first.
   *
   * @throws {Failure} `upstream_down` if no server is up.
   */
  orderServers(servers: readonly ServerConfig[], asker: Asker): Iterable<ServerConfig>;
  /** Returns what a sticky cookie says of a server. */
  stickyKeyOf(server: ServerConfig): string;
  /**
   * Sends a request and waits for its answer. Cancels the request's body only if it has been touched.
   *
   * @throws {Failure}
   */
  send(server: ServerConfig, request: UpstreamRequest, options: SendOptions): Promise<Answer>;
}

/** Who asks for a server. */
export interface Asker {
  /** The client's IP address. */
  readonly client: string;
  /** What the client's sticky cookie says, true or not. */
  readonly stickyKey: string | undefined;
}

/** What is passed on while the answer is waited for. */
export interface SendOptions {
  readonly onInterim: (status: number, headers: readonly HeaderLine[]) => void;
  /** Called when the server is at fault that an answer which has begun does not come to its end. */
  readonly onCut: (failure: Failure) => void;
}

/** Proxies and answers. Never throws. */
export function proxy(
  exchange: Exchange,
  target: ProxyTarget,
  environment: ProxyEnvironment,
): Promise<Answer> {
  if (hasPassed(exchange.headers, environment.via)) {
    return Promise.resolve(refuseRequest(exchange, {
      status: 508,
      reason: "Loop: this request came back to the proxy that sent it",
      counter: "request_loop",
    }));
  }
  if (!countsForwards(exchange.method)) return send(exchange, target, environment);
  const counted = countForward(exchange);
  if (counted.kind === "forward") return send(counted.exchange, target, environment);
  exchange.body?.cancel();
  return Promise.resolve(counted.answer);
}

function send(
  exchange: Exchange,
  target: ProxyTarget,
  environment: ProxyEnvironment,
): Promise<Answer> {
  return sendToOne(exchange, target, environment).catch((error) => {
    exchange.body?.cancel();
    return answerFailure(error, exchange, { ...environment, target });
  });
}

/** Tries the servers in turn for as long as a failure says that nothing was lost by it. */
async function sendToOne(
  exchange: Exchange,
  target: ProxyTarget,
  environment: ProxyEnvironment,
): Promise<Answer> {
  const { changeHeaders, sticky } = target;
  const lines = upstreamRequestHeaders(exchange, environment.via);
  const stickyKey = sticky && readStickyCookie(exchange.headers, sticky.cookie);
  let failure: Failure | undefined;
  for (
    const server of environment.orderServers(target.servers, {
      client: exchange.client.ip,
      stickyKey,
    })
  ) {
    const headers = changeHeaders?.(lines, server, exchange) ?? lines;
    try {
      const answer = await environment.send(server, requestOf(exchange, headers), {
        onInterim: (status, interim) => exchange.sendInterim(status, withoutHopByHop(interim)),
        onCut: (cut) => reportLoss("Answer broke off", cut, { ...environment, exchange, target }),
      });
      return sticky === undefined ? answer : keepAtServer(answer, exchange, {
        name: sticky.cookie,
        value: environment.stickyKeyOf(server),
        before: stickyKey,
      });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure = error;
      if (!mayTryNext(error, exchange)) break;
      environment.log.debug("Server failed", { server: nameOf(server), kind: error.kind });
    }
  }
  throw failure ?? new Failure("upstream_refused", "upstream has no server");
}

function requestOf(exchange: Exchange, headers: readonly HeaderLine[]): UpstreamRequest {
  const { body, expectsContinue, method, signal, target, upgrade } = exchange;
  return { method, target, headers, body, signal, upgrade, expectsContinue };
}

/** Sets the cookie where the client has none of this server's. */
function keepAtServer(
  answer: Answer,
  { scheme }: Exchange,
  cookie: { readonly name: string; readonly value: string; readonly before: string | undefined },
): Answer {
  const { name, value, before } = cookie;
  if (value === before) return answer;
  const line = stickyCookieLine({ name, value, isSecure: scheme === "https" });
  return withHeaders(answer, [...answer.headers, line]);
}

/**
 * A body that has been read from is gone. And a server that closed a connection it had kept may have
 * acted on the request: whether that one may be sent twice, the sender has decided by itself.
 */
function mayTryNext(failure: Failure, { body }: Exchange): boolean {
  return failure.retryable && failure.kind !== "upstream_stale" && !body?.isTouched;
}

function nameOf({ address }: ServerConfig): string {
  return address.kind === "sample" ? "sample" : formatAddress(address);
}

function answerFailure(
  error: unknown,
  exchange: Exchange,
  environment: ProxyEnvironment & { readonly target: ProxyTarget },
): Answer {
  // No upstream is to blame.
  if (error instanceof Failure && error.fault === "client") {
    return answerClientFault(error, exchange);
  }
  reportLoss("Cannot proxy request", error, { ...environment, exchange });
  const status = error instanceof Failure ? error.status : 500;
  return plainAnswer(status, describe(status));
}

/** Counts and logs a request that is lost, and not by its client's fault. */
function reportLoss(
  sentence: string,
  error: unknown,
  { counters, exchange, log, sampler, target }: ProxyEnvironment & {
    readonly exchange: Exchange;
    readonly target: ProxyTarget;
  },
): void {
  counters.add("upstream_failures");
  // By the upstream, of which there are few: under a wildcard, hosts are as many as a stranger likes.
  const heldBack = sampler.admit(`upstream ${target.servers.map(nameOf).join(" ")}`);
  if (heldBack === undefined) return;
  log.error(sentence, {
    host: exchange.authority,
    kind: error instanceof Failure ? error.kind : "defect",
    error: errorText(error),
    heldBack: heldBack === 0 ? undefined : heldBack,
  });
}

/** Nobody reads the answer, or the client was too slow, which is counted already, or asked too much. */
function answerClientFault({ kind, status }: Failure, exchange: Exchange): Answer {
  const isRefused = kind === "client_malformed" || kind === "client_too_large";
  if (!isRefused) return plainAnswer(status, describe(status));
  return refuseRequest(exchange, { status, reason: describe(status) });
}

/** The client learns what kind of thing failed, and nothing of addresses or certificates. */
function describe(status: number): string {
  switch (status) {
    case 400:
      return "Bad request: it cannot be passed on";
    case 408:
      return "Request timeout: the rest of the request did not come in time";
    case 413:
      return BODY_TOO_LARGE;
    case 499:
      return "Client closed the request";
    case 502:
      return "Bad gateway: the service behind this proxy cannot be reached or does not answer properly";
    case 503:
      return "Service unavailable: try again in a moment";
    case 504:
      return "Gateway timeout: the service behind this proxy does not answer in time";
    default:
      return "The proxy failed";
  }
}
