/**
 * Composition: owns what runs, hands each module the functions of the others it needs, and swaps
 * what decides about new work when the configuration changes. The only place with state that
 * outlives a request.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { type Renewer, startRenewer } from "./acme/renewer.ts";
import { ChallengesShown } from "./acme/challenges_shown.ts";
import type { Clock } from "./base/clock.ts";
import { formatEndpoint } from "./base/addresses.ts";
import type { Counters } from "./base/counters.ts";
import { HEADER_TIMEOUT_MS, KEEP_ALIVE_TIMEOUT_MS } from "./base/limits.ts";
import type { Log } from "./base/log.ts";
import { Sampler } from "./base/sampler.ts";
import type { Config, RouteConfig } from "./config/config.ts";
import { AddressBook } from "./hop/address_book.ts";
import { HttpPlane, type HttpSnapshot } from "./http/http_plane.ts";
import type { TerminatorCertificate } from "./http/terminators.ts";
import { type Libc, type NoLibc, openLibc } from "./linux/libc.ts";
import { setListenerNoDelay } from "./linux/listener_no_delay.ts";
import { openEngine } from "./relay/open_engine.ts";
import type {
  BoundAddresses,
  ConnectionRecord,
  DrainResult,
  HopLease,
  RelayEngine,
} from "./relay/relay_engine.ts";
import { type Match, RouteTable } from "./route/route_table.ts";
import { Samples } from "./sample/samples.ts";
import type { Store } from "./state/store.ts";
import { type Certificate, certificateCovers } from "./tls/certificate.ts";
import {
  autoHostnames,
  certificateId,
  type CertificateSource,
  certificateSource,
  certificateSources,
} from "./tls/certificate_source.ts";
import { CertificateStore } from "./tls/certificate_store.ts";
import { Balancer } from "./upstream/balancer.ts";
import { HealthChecks } from "./upstream/health_checks.ts";
import { upstreamGroups } from "./upstream/upstream_group.ts";

/** What an edge stands on. */
export interface EdgeSurroundings {
  readonly log: Log;
  readonly counters: Counters;
  readonly clock: Clock;
  /** Stays open until the edge has stopped; whoever opened it closes it. */
  readonly store: Store;
}

/** What only a start reads: fields of the configuration, each with its key in the file. */
const START_KEYS = { listen: "listen", stateFolder: "state", relay: "relay", log: "log" } as const;

/** A configuration of which everything that can fail has been done. */
interface Prepared {
  /** With every `sample` replaced. */
  readonly routes: readonly RouteConfig[];
  readonly http: HttpSnapshot;
}

/** A running Postern. `stop` ends it; after that it cannot be used again. */
export class Edge {
  readonly #surroundings: EdgeSurroundings;
  readonly #libc: Libc | NoLibc = openLibc();
  readonly #sampler: Sampler;
  readonly #book = new AddressBook();
  readonly #balancer = new Balancer();
  readonly #health: HealthChecks;
  readonly #challenges = new ChallengesShown();
  readonly #certificates: CertificateStore;
  readonly #http: HttpPlane;
  readonly #samples: Samples;
  #config: Config;
  #table: RouteTable;
  #relay: RelayEngine | undefined;
  #renewer: Renewer | undefined;
  #addresses: BoundAddresses = { https: [], http: [] };

  private constructor(config: Config, surroundings: EdgeSurroundings) {
    const { clock, counters, log, store } = surroundings;
    this.#surroundings = surroundings;
    this.#sampler = new Sampler(clock);
    this.#config = config;
    this.#table = new RouteTable(config.routes);
    this.#certificates = new CertificateStore({ store, clock, log: log.child("tls") });
    this.#samples = new Samples(store);
    this.#http = this.#createHttpPlane();
    this.#health = new HealthChecks({
      clock,
      counters,
      log: log.child("upstream"),
      cells: this.#balancer.cells,
      askHttp: (server, probe, signal) => this.#http.askHealth(server, probe, signal),
    });
  }

  /**
   * Starts everything a configuration asks for.
   *
   * @throws {Error} If an address cannot be listened on or a certificate file cannot be used; nothing
   * is left open then.
   */
  static async open(config: Config, surroundings: EdgeSurroundings): Promise<Edge> {
    const edge = new Edge(config, surroundings);
    try {
      await edge.#start();
      return edge;
    } catch (error) {
      await edge.stop(0);
      throw error;
    }
  }

  /** The public addresses, with the ports that `0` became. */
  get addresses(): BoundAddresses {
    return this.#addresses;
  }

  /** The name of the relay's engine. */
  get engine(): string {
    return this.#relay?.name ?? "none";
  }

  /** Connections that are open. */
  get open(): number {
    return this.#relay?.open ?? 0;
  }

  /**
   * Takes over another configuration. Connections of routes that stay are not touched; what
   * {@linkcode START_KEYS} names stays as it was until a restart.
   *
   * @throws {Error} If it cannot be used; what ran goes on unchanged.
   */
  async reload(config: Config): Promise<void> {
    const { log } = this.#surroundings;
    for (const [field, key] of Object.entries(START_KEYS) as [keyof typeof START_KEYS, string][]) {
      if (isDeepStrictEqual(config[field], this.#config[field])) continue;
      log.warn(`"${key}" has changed: it is used after a restart`);
    }
    const prepared = await this.#prepare(config);
    const before = this.#config;
    await this.#use(config, prepared);
    await this.#renewFor(config, before);
    const ids = new Set(certificateSources(config.routes).map(certificateId));
    this.#http.keepOnly(ids);
    this.#certificates.retain(ids);
  }

  /** Stops accepting, lets connections finish for `timeoutMs` milliseconds at most, closes all. */
  async stop(timeoutMs: number): Promise<DrainResult> {
    this.#relay?.stopAccepting();
    const ended = Promise.all([this.#renewer?.stop(), this.#health.close()]);
    // Idle keep-alive connections end here; those with a request in flight when it is answered.
    const closed = this.#http.shutdown();
    const drained = await this.#relay?.drain(timeoutMs) ?? { finished: 0, cut: 0 };
    await Promise.all([closed, ended]);
    this.#http.close();
    this.#certificates[Symbol.dispose]();
    await this.#samples.close();
    return drained;
  }

  async #start(): Promise<void> {
    const { clock, counters, log } = this.#surroundings;
    const config = this.#config;
    if (typeof this.#libc === "string") {
      log.warn(
        "Cannot switch off Nagle's algorithm on the hop: answers in pieces may be 40 ms late",
        { reason: this.#libc },
      );
    }
    const prepared = await this.#prepare(config);
    this.#relay = openEngine(
      { table: this.#table, helloTimeoutMs: config.helloTimeoutMs },
      {
        balancer: this.#balancer,
        book: this.#book,
        clock,
        counters,
        log: log.child("relay"),
        sampler: this.#sampler,
        leaseTerminator: (match) => this.#leaseTerminator(match),
        leasePlainHttp: () => this.#leasePlainHttp(),
        record: config.log.level === "debug" ? (record) => this.#record(record) : undefined,
      },
      { ...config.relay, libc: this.#libc },
    );
    this.#relay.check(prepared.routes);
    await this.#use(config, prepared);
    this.#certificates.onReplaced(() => this.#relay?.refreshTerminators());
    // Last, so that the first connection finds everything in its place.
    this.#addresses = this.#relay.listen(config.listen);
    // The authority will ask port 80.
    await this.#renewFor(config, undefined);
  }

  /** Does everything that can fail before another configuration takes effect. */
  async #prepare(config: Config): Promise<Prepared> {
    this.#relay?.check(config.routes);
    await this.#readCertificates(config);
    const routes = await this.#samples.fillIn(config.routes);
    return { routes, http: await this.#http.prepare(config, routes) };
  }

  /** The one moment in which another configuration takes effect. */
  async #use(config: Config, { routes, http }: Prepared): Promise<void> {
    this.#config = config;
    this.#table = new RouteTable(routes);
    this.#http.use(http);
    const groups = upstreamGroups(routes);
    this.#balancer.prepare(groups);
    this.#health.use(groups);
    await this.#relay?.update({ table: this.#table, helloTimeoutMs: config.helloTimeoutMs });
  }

  /** @param before What the renewer that runs was started with. */
  async #renewFor(config: Config, before: Config | undefined): Promise<void> {
    const { clock, counters, log, store } = this.#surroundings;
    const hostnames = autoHostnames(config.routes);
    if (this.#renewer !== undefined && isDeepStrictEqual(config.acme, before?.acme)) {
      return this.#renewer.update(hostnames);
    }
    await this.#renewer?.stop();
    this.#renewer = startRenewer({
      config: config.acme,
      hostnames,
      store,
      clock,
      counters,
      log: log.child("acme"),
      certificates: this.#certificates,
      challenges: this.#challenges,
    });
  }

  /** Broken files are found, and the internal CA is there to be trusted, before either is needed. */
  async #readCertificates(config: Config): Promise<void> {
    const sources = certificateSources(config.routes);
    const internal = sources.find((source) => source.kind === "internal");
    const files = sources.filter((source) => source.kind === "file");
    for (const source of internal === undefined ? files : [internal, ...files]) {
      const result = await this.#certificates.ensure(source);
      if (result.kind === "problem") throw new Error(result.problem);
    }
  }

  async #leaseTerminator(match: Match): Promise<HopLease> {
    const { certificate, timeouts } = match.route;
    if (certificate === undefined) throw new Error("route has no certificate");
    const source = certificateSource(certificate, match.pattern);
    const id = certificateId(source);
    const lease = this.#http.lease(id, await this.#certificate(id, source));
    return {
      port: lease.port,
      headerTimeoutMs: timeouts.headerMs,
      keepAliveTimeoutMs: timeouts.keepAliveMs,
      release: lease.release,
    };
  }

  async #certificate(id: string, source: CertificateSource): Promise<Certificate> {
    const current = this.#certificates.current(id);
    if (current !== undefined) return current;
    const result = await this.#certificates.ensure(source);
    if (result.kind === "problem") throw new Error(result.problem);
    return result.certificate;
  }

  #createHttpPlane(): HttpPlane {
    const { clock, counters, log } = this.#surroundings;
    const libc = this.#libc;
    return new HttpPlane({
      balancer: this.#balancer,
      book: this.#book,
      clock,
      counters,
      log: log.child("http"),
      sampler: this.#sampler,
      onListen: typeof libc === "string"
        ? undefined
        : (port) => void setListenerNoDelay(libc, port),
      match: (hostname) => this.#table.match(hostname),
      serves: (id, certificate, hostname) => this.#serves(id, certificate, hostname),
      httpsPort: () => this.#addresses.https[0].port,
      answerChallenge: (hostname, token) => this.#challenges.answer(hostname, token),
    });
  }

  #leasePlainHttp(): HopLease {
    return {
      port: this.#http.plainPort,
      headerTimeoutMs: HEADER_TIMEOUT_MS,
      keepAliveTimeoutMs: KEEP_ALIVE_TIMEOUT_MS,
      release: () => {},
    };
  }

  /**
   * See `OffloadOptions.serves`. The catch-all has a certificate that covers no host by its name; and
   * whether files that were given for a host name it is for its clients to judge.
   */
  #serves(
    id: string,
    certificate: TerminatorCertificate,
    hostname: string | undefined,
  ): Match | undefined {
    const match = this.#table.match(hostname);
    if (match?.route.certificate === undefined) return undefined;
    const isNamed = match.pattern.kind !== "any" && hostname !== undefined;
    if (isNamed && certificateCovers(certificate as Certificate, hostname)) return match;
    const own = certificateId(certificateSource(match.route.certificate, match.pattern));
    return own === id ? match : undefined;
  }

  #record(record: ConnectionRecord): void {
    const { client, serverName, routeIndex: route, server, end, reason } = record;
    this.#surroundings.log.debug("connection", {
      client: formatEndpoint(client),
      serverName,
      route,
      server,
      up: record.bytesUp,
      down: record.bytesDown,
      ms: Math.round(record.durationMs),
      end,
      reason,
    });
  }
}
