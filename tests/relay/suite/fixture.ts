/**
 * An engine with everything around it that a test needs: a clock that is moved by hand, a public
 * port for TLS and one for HTTP, and what the engine counted, recorded, leased and logged.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseAddress, type TcpAddress } from "../../../lib/base/addresses.ts";
import type { Clock } from "../../../lib/base/clock.ts";
import { Counters } from "../../../lib/base/counters.ts";
import { parseHostPattern } from "../../../lib/base/hostnames.ts";
import { createLog } from "../../../lib/base/log.ts";
import { Sampler } from "../../../lib/base/sampler.ts";
import type {
  HealthCheckConfig,
  LoadBalance,
  ProxyProtocolVersion,
  RouteConfig,
  RouteMode,
  ServerConfig,
} from "../../../lib/config/config.ts";
import { AddressBook } from "../../../lib/hop/address_book.ts";
import type {
  BoundAddresses,
  ConnectionRecord,
  DrainResult,
  HopLease,
  RelayEngine,
  RelayEnvironment,
  RelayPlan,
} from "../../../lib/relay/relay_engine.ts";
import { RouteTable } from "../../../lib/route/route_table.ts";
import { Balancer } from "../../../lib/upstream/balancer.ts";
import { buildClientHello } from "../../support/client_hello_builder.ts";
import { withDeadline } from "../../support/deadline.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { PATIENCE_MS, Peer } from "./peer.ts";

/** Makes the engine under test. */
export type MakeEngine = (plan: RelayPlan, environment: RelayEnvironment) => RelayEngine;

/** An engine may be late by so many milliseconds, but never early. */
export const LATENESS_MS = 1_000;

/** The time limits of a test's routes and plan, in milliseconds. */
export const LIMITS = {
  hello: 5_000,
  connect: 4_000,
  idle: 600_000,
  header: 10_000,
  keepAlive: 75_000,
} as const;

/** One route in short. */
export interface RouteSketch {
  readonly hosts: readonly string[];
  /** Default `passthrough`. */
  readonly mode?: RouteMode;
  /** Addresses; a number is a port of 127.0.0.1. */
  readonly servers?: readonly (string | number)[];
  /** For each server; those that are left out have `off`. */
  readonly proxyProtocols?: readonly ProxyProtocolVersion[];
  /** Default `round_robin`. */
  readonly loadBalance?: LoadBalance;
  /** For each server; those that are left out have 1. */
  readonly weights?: readonly number[];
  /** Positions of servers that are backups. */
  readonly backups?: readonly number[];
  /** Default: servers are not checked, and nothing can say that one is down. */
  readonly healthCheck?: HealthCheckConfig;
}

/** What is around the engine. */
export interface FixtureOptions {
  readonly routes?: readonly RouteSketch[];
  /** Where the TLS and HTTP ports are opened. Default 127.0.0.1. */
  readonly hostname?: string;
  /** The port of the terminators; by default there is none, and leasing fails. */
  readonly terminatorPort?: number;
  /** Instead of a lease of `terminatorPort`. */
  readonly leaseTerminator?: () => Promise<HopLease>;
  /** The port of the application behind port 80. */
  readonly plainHttpPort?: number;
  readonly book?: AddressBook;
}

/** A running engine. Disposing of it drains it and checks that nothing is left. */
export class Fixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly counters = new Counters();
  readonly records: ConnectionRecord[] = [];
  readonly lines: string[] = [];
  readonly balancer = new Balancer();
  readonly book: AddressBook;
  readonly environment: RelayEnvironment;
  readonly engine: RelayEngine;
  /** What the engine was made with. */
  readonly plan: RelayPlan;
  readonly bound: BoundAddresses;
  /** Leases taken and not released. */
  leases = 0;
  /** How often a terminator was asked for. */
  asked = 0;

  constructor(makeEngine: MakeEngine, options: FixtureOptions = {}) {
    this.book = options.book ?? new AddressBook(AddressBook.allocate(4096));
    this.environment = this.#makeEnvironment(options);
    this.plan = makePlan(options.routes ?? []);
    this.engine = makeEngine(this.plan, this.environment);
    const { hostname = "127.0.0.1" } = options;
    const address: TcpAddress = { kind: "tcp", hostname, port: 0 };
    const http = options.plainHttpPort === undefined ? [] : [address];
    this.bound = this.engine.listen({ https: [address], http });
  }

  /** Servers that were connected to so far. */
  get dials(): number {
    return this.counters.get("server_dials");
  }

  /** The public port for TLS. */
  get httpsPort(): number {
    return this.bound.https[0].port;
  }

  /** The public port for HTTP. */
  get httpPort(): number {
    return this.bound.http[0].port;
  }

  /** Connects to the TLS port and, if a server name is given, sends a hello with it. */
  async connect(serverName?: string): Promise<Peer> {
    const peer = await Peer.connect(this.httpsPort);
    if (serverName !== undefined) await peer.write(hello(serverName));
    return peer;
  }

  /** Waits until `count` connections have been recorded, and returns the last record. */
  async recorded(count = 1): Promise<ConnectionRecord> {
    await until(() => this.records.length >= count, () => `${count} records`);
    assert.equal(this.records.length, count, "one record per connection");
    return this.records[count - 1];
  }

  /** A lease of a port with the limits of {@linkcode LIMITS}. */
  lease(port: number): HopLease {
    this.leases++;
    const release = () => {
      this.leases--;
    };
    const { header, keepAlive } = LIMITS;
    return { port, headerTimeoutMs: header, keepAliveTimeoutMs: keepAlive, release };
  }

  /** Cuts every connection. */
  async cut(): Promise<DrainResult> {
    const draining = this.engine.drain(0);
    await this.clock.advance(LATENESS_MS);
    return await withDeadline(draining, PATIENCE_MS, () => "the end of all connections");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
    assert.equal(this.engine.open, 0, "open connections");
    assert.equal(this.leases, 0, "leases that were not released");
    assert.equal(this.book.totals().open, 0, "entries of the address book that were not closed");
    const accepted = this.counters.get("connections_accepted");
    assert.equal(this.records.length, accepted, "one record per connection");
    assert.equal(this.clock.pending, 0, "timers that were not cancelled");
  }

  #makeEnvironment(options: FixtureOptions): RelayEnvironment {
    const clock: Clock = this.clock;
    const terminator = options.terminatorPort;
    return {
      balancer: this.balancer,
      book: this.book,
      clock,
      counters: this.counters,
      log: createLog({ level: "debug", write: (line) => this.lines.push(line) }),
      sampler: new Sampler(clock),
      leaseTerminator: async () => {
        this.asked++;
        if (options.leaseTerminator !== undefined) return await options.leaseTerminator();
        if (terminator === undefined) throw new Error("no terminator in this test");
        return this.lease(terminator);
      },
      leasePlainHttp: () => this.lease(options.plainHttpPort ?? 0),
      record: (record) => this.records.push(record),
    };
  }
}

/** Builds a hello with a server name. */
export function hello(serverName: string): Uint8Array<ArrayBuffer> {
  return buildClientHello({ serverName, alpn: ["h2", "http/1.1"] });
}

/** Makes a plan of routes in short. */
export function makePlan(routes: readonly RouteSketch[]): RelayPlan {
  return { table: new RouteTable(routes.map(makeRoute)), helloTimeoutMs: LIMITS.hello };
}

/** Waits until something is so, looking again after every turn of the event loop. */
export async function until(isSo: () => boolean, describe: () => string): Promise<void> {
  const endsAt = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > endsAt) throw new Error(`Not within ${PATIENCE_MS} ms: ${describe()}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
}

function makeRoute(sketch: RouteSketch, index: number): RouteConfig {
  const hosts = sketch.hosts.map((host) => {
    const pattern = parseHostPattern(host);
    assert.ok(pattern, host);
    return pattern;
  });
  const servers = (sketch.servers ?? []).map((server, position) =>
    makeServer(server, {
      proxyProtocol: sketch.proxyProtocols?.[position] ?? "off",
      weight: sketch.weights?.[position] ?? 1,
      isBackup: sketch.backups?.includes(position) ?? false,
    })
  );
  return {
    index,
    hosts,
    mode: sketch.mode ?? "passthrough",
    servers,
    source: "proxy",
    loadBalance: sketch.loadBalance ?? "round_robin",
    healthCheck: sketch.healthCheck,
    sticky: undefined,
    plainHttp: { kind: "off" },
    redirect: undefined,
    certificate: undefined,
    policies: {},
    paths: [],
    upstreamTls: {
      serverName: undefined,
      caFile: undefined,
      fingerprint: undefined,
      insecureSkipVerify: false,
    },
    timeouts: {
      connectMs: LIMITS.connect,
      headerMs: LIMITS.header,
      keepAliveMs: LIMITS.keepAlive,
      responseMs: 60_000,
      idleMs: LIMITS.idle,
    },
  };
}

function makeServer(
  text: string | number,
  fields: Pick<ServerConfig, "proxyProtocol" | "weight" | "isBackup">,
): ServerConfig {
  const address = parseAddress(typeof text === "number" ? `127.0.0.1:${text}` : text);
  assert.ok(address.kind !== "problem", String(text));
  return { address, scheme: "tcp", ...fields };
}
