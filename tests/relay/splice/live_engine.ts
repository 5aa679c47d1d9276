/**
 * The splice engine on the host's clock, with as many workers as wanted: for what a fake clock cannot
 * show. Whoever makes one disposes of it.
 *
 * @module
 */
import { systemClock } from "../../../lib/base/clock.ts";
import { Counters } from "../../../lib/base/counters.ts";
import { createLog } from "../../../lib/base/log.ts";
import { Sampler } from "../../../lib/base/sampler.ts";
import { AddressBook } from "../../../lib/hop/address_book.ts";
import { openLibc } from "../../../lib/linux/libc.ts";
import type { RelayEnvironment, RelayPlan } from "../../../lib/relay/relay_engine.ts";
import { SpliceEngine } from "../../../lib/relay/splice/splice_engine.ts";
import { Balancer } from "../../../lib/upstream/balancer.ts";

const HOST = { kind: "tcp", hostname: "127.0.0.1", port: 0 } as const;

/** Long: none of these tests is about a hop that asks for nothing. */
const HOP_LIMIT_MS = 600_000;

const libc = openLibc();

/** Why there is no splice engine here; undefined if there is. */
export const whyNoSplice: string | undefined = typeof libc === "string" ? libc : undefined;

/** What is around the engine. */
export interface LiveEngineOptions {
  /** Default 1. */
  readonly workers?: number;
  /** Of 127.0.0.1. By default there is none. */
  readonly terminatorPort?: number | Promise<number>;
  /** Hops that the address book has room for, a power of two. Default 4096. */
  readonly hops?: number;
}

/** A running engine with one public port for TLS. Nobody reads its records. */
export class LiveEngine implements AsyncDisposable {
  readonly counters = new Counters();
  readonly lines: string[] = [];
  readonly balancer = new Balancer();
  readonly book: AddressBook;
  readonly engine: SpliceEngine;
  readonly port: number;

  constructor(plan: RelayPlan, options: LiveEngineOptions = {}) {
    if (typeof libc === "string") throw new Error(libc);
    const { workers = 1, terminatorPort = 0, hops = 4096 } = options;
    this.book = new AddressBook(AddressBook.allocate(hops));
    const lease = (port: number) => ({
      port,
      headerTimeoutMs: HOP_LIMIT_MS,
      keepAliveTimeoutMs: HOP_LIMIT_MS,
      release: () => {},
    });
    const environment: RelayEnvironment = {
      balancer: this.balancer,
      book: this.book,
      clock: systemClock,
      counters: this.counters,
      log: createLog({ write: (line) => this.lines.push(line) }),
      sampler: new Sampler(systemClock),
      leaseTerminator: async () => lease(await terminatorPort),
      leasePlainHttp: () => lease(0),
      record: undefined,
    };
    this.engine = new SpliceEngine(plan, environment, { libc, workers });
    this.port = this.engine.listen({ https: [HOST], http: [] }).https[0].port;
  }

  /** Cuts every connection and ends the workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.drain(0);
  }
}
