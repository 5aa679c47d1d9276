/**
 * The HTTP plane: the terminators and the server behind port 80, the applications they ask, and the
 * client that the applications send with. What a configuration decides is prepared beforehand and
 * swapped at once; requests in flight go on with what they began with.
 *
 * Takes plain data and functions only. Whoever creates it calls `shutdown`, then `close`. Does I/O.
 *
 * @module
 */
import { CidrSet } from "../base/cidr.ts";
import type {
  Config,
  HealthProbe,
  RateLimitConfig,
  RouteConfig,
  ServerConfig,
} from "../config/config.ts";
import type { Match } from "../route/route_table.ts";
import type { Balancer } from "../upstream/balancer.ts";
import type { Application } from "./application.ts";
import { balancedProxy } from "./balanced_proxy.ts";
import { openHttpServer } from "./http_server.ts";
import type { LoopbackEnvironment, LoopbackOptions, LoopbackServer } from "./loopback_server.ts";
import { createOffloadApplication } from "./offload_application.ts";
import { createPlainApplication, type PlainOptions } from "./plain_application.ts";
import type { PolicyEnvironment, PolicyFiles } from "./policy_chain.ts";
import { CompressionSlots } from "./policy/compression_slots.ts";
import { PasswordChecks } from "./policy/password_checks.ts";
import { RateLimiters } from "./policy/rate_limit.ts";
import { allPolicies, readPolicyFiles } from "./policy/read_policy_files.ts";
import type { ProxyEnvironment } from "./proxy.ts";
import { createRouteApplication } from "./route_application.ts";
import { type TerminatorCertificate, type TerminatorLease, Terminators } from "./terminators.ts";
import { askHealth } from "./upstream/ask_health.ts";
import { prepareServers } from "./upstream/prepare_servers.ts";
import { UpstreamClient } from "./upstream/upstream_client.ts";
import type { UpstreamServer } from "./upstream/upstream_server.ts";

/** What the plane is handed. */
export interface HttpPlaneEnvironment extends LoopbackEnvironment {
  readonly balancer: Balancer;
  /** Called with the port of each loopback listener, before its first connection. */
  readonly onListen?: (port: number) => void;
  /** Finds the route of a host in the configuration that is in use. */
  readonly match: PlainOptions["match"];
  /** See `OffloadOptions.serves`. */
  readonly serves: (
    certificateId: string,
    certificate: TerminatorCertificate,
    hostname: string | undefined,
  ) => Match | undefined;
  /** See {@linkcode PlainOptions}. */
  readonly httpsPort: PlainOptions["httpsPort"];
  readonly answerChallenge: PlainOptions["answerChallenge"];
}

/** What a configuration means to the plane, ready to be used. */
export interface HttpSnapshot {
  readonly trustedProxies: CidrSet;
  readonly files: PolicyFiles;
  readonly servers: readonly (readonly [ServerConfig, UpstreamServer])[];
  readonly rateLimits: readonly RateLimitConfig[];
}

/** The HTTP plane. */
export class HttpPlane {
  readonly #environment: HttpPlaneEnvironment;
  readonly #upstreams: UpstreamClient;
  readonly #proxy: ProxyEnvironment;
  readonly #policies: PolicyEnvironment;
  readonly #terminators: Terminators;
  readonly #plain: LoopbackServer;
  /** By the configuration's entry; what an older configuration had stays while a request uses it. */
  readonly #servers = new WeakMap<ServerConfig, UpstreamServer>();
  /** Each made when its route is asked for the first time: of many thousands, few are at one time. */
  readonly #applications = new WeakMap<RouteConfig, Application>();
  #snapshot: HttpSnapshot = {
    trustedProxies: new CidrSet([]),
    files: { pages: new Map(), users: new Map() },
    servers: [],
    rateLimits: [],
  };

  /** @throws {Error} If the listener behind port 80 cannot be opened. */
  constructor(environment: HttpPlaneEnvironment) {
    const { balancer, clock, counters, log, sampler } = environment;
    this.#environment = environment;
    this.#upstreams = new UpstreamClient({ clock, counters });
    const send: ProxyEnvironment["send"] = (server, request, options) =>
      this.#upstreams.send(this.#prepared(server), request, options);
    this.#proxy = {
      clock,
      counters,
      log,
      sampler,
      // Unknown to clients, and another one in each process: several Posterns may stand in a row.
      via: `postern-${crypto.randomUUID().slice(0, 8)}`,
      ...balancedProxy(balancer, send),
      stickyKeyOf: (server) => balancer.stickyKeyOf(server),
    };
    this.#policies = {
      ...this.#proxy,
      checks: new PasswordChecks(),
      slots: new CompressionSlots(),
      limiters: new RateLimiters(clock),
      askAuthServer: (server, request) => this.#upstreams.send(this.#prepared(server), request),
    };
    this.#terminators = new Terminators(clock, (id, certificate) => {
      const application = this.#offloadApplication(id, certificate);
      return this.#open({ application, certificate });
    });
    this.#plain = this.#open({ application: this.#plainApplication(), certificate: undefined });
  }

  /** The port of the server behind port 80. */
  get plainPort(): number {
    return this.#plain.port;
  }

  /**
   * Does everything that can fail before another configuration takes effect.
   *
   * @param routes Those of the configuration, every `sample` replaced.
   * @throws {Error} If a file cannot be used; the message names it.
   */
  async prepare(config: Config, routes: readonly RouteConfig[]): Promise<HttpSnapshot> {
    const servers = await prepareServers(routes);
    return {
      trustedProxies: new CidrSet(config.trustedProxies),
      files: await readPolicyFiles(routes),
      servers,
      rateLimits: routes.flatMap(allPolicies).flatMap(({ rateLimit }) =>
        rateLimit === undefined ? [] : [rateLimit]
      ),
    };
  }

  /** Uses what was prepared for all requests from now on. */
  use(snapshot: HttpSnapshot): void {
    for (const [server, prepared] of snapshot.servers) this.#servers.set(server, prepared);
    this.#policies.limiters.keepOnly(snapshot.rateLimits);
    this.#snapshot = snapshot;
  }

  /** See {@linkcode Terminators.lease}. */
  lease(certificateId: string, certificate: TerminatorCertificate): TerminatorLease {
    return this.#terminators.lease(certificateId, certificate);
  }

  /** See {@linkcode Terminators.keepOnly}. */
  keepOnly(certificateIds: ReadonlySet<string>): void {
    this.#terminators.keepOnly(certificateIds);
  }

  /** Asks a server how it is. See `HealthChecks`. */
  askHealth(
    server: ServerConfig,
    probe: Extract<HealthProbe, { kind: "http" }>,
    signal: AbortSignal,
  ): ReturnType<typeof askHealth> {
    return askHealth(this.#upstreams, this.#prepared(server), { ...probe, signal });
  }

  /** Ends idle connections, lets requests in flight finish, and closes every listener. */
  async shutdown(): Promise<void> {
    await Promise.all([this.#terminators.shutdown(), this.#plain.shutdown()]);
  }

  /** Closes the connections to servers. */
  close(): void {
    this.#upstreams.close();
  }

  #prepared(server: ServerConfig): UpstreamServer {
    const prepared = this.#servers.get(server);
    if (prepared === undefined) throw new Error("server was not prepared");
    return prepared;
  }

  #applicationOf({ route }: Match): Application {
    let application = this.#applications.get(route);
    if (application === undefined) {
      const { files } = this.#snapshot;
      application = createRouteApplication(route, {
        proxy: this.#proxy,
        policies: this.#policies,
        files,
      });
      this.#applications.set(route, application);
    }
    return application;
  }

  #offloadApplication(id: string, certificate: TerminatorCertificate): Application {
    return createOffloadApplication({
      trustedProxies: () => this.#snapshot.trustedProxies,
      serves: (hostname) => this.#environment.serves(id, certificate, hostname),
      applicationOf: (match) => this.#applicationOf(match),
    });
  }

  #plainApplication(): Application {
    const { match, httpsPort, answerChallenge } = this.#environment;
    return createPlainApplication({
      proxy: this.#proxy,
      trustedProxies: () => this.#snapshot.trustedProxies,
      httpsPort,
      match,
      answerChallenge,
      applicationOf: (found) => this.#applicationOf(found),
    });
  }

  #open(options: Pick<LoopbackOptions, "application" | "certificate">): LoopbackServer {
    const { onListen } = this.#environment;
    return openHttpServer({ ...options, environment: this.#environment, onListen });
  }
}
