/**
 * The relay on epoll and splice(2): workers move bytes inside the kernel, the main isolate owns the
 * public sockets, resolves names, leases terminators and keeps the records. Linux with glibc only, and
 * only with the permission for FFI.
 *
 * A worker that dies is replaced: its sockets stay open here, so that clients wait in their queue; the
 * connections it had are closed. States: made, listening, stopped (terminal).
 *
 * @module
 */
import { formatEndpoint, formatHostPort } from "../../base/addresses.ts";
import type { Timer } from "../../base/clock.ts";
import { errorText } from "../../base/failures.ts";
import {
  SPLICE_CONNECTIONS_MAX,
  SPLICE_DESCRIPTORS_LEFT_MAX,
  SPLICE_RESTART_PAUSE_MS,
  SPLICE_TERMINATORS_MAX,
} from "../../base/limits.ts";
import type { ListenConfig, RouteConfig } from "../../config/config.ts";
import { RLIMIT_NOFILE } from "../../linux/constants.ts";
import { errnoText } from "../../linux/errno.ts";
import type { Libc } from "../../linux/libc.ts";
import { whyNotTransparent } from "../../linux/transparent_socket.ts";
import { needsClientSource } from "../needs_client_source.ts";
import type {
  BoundAddresses,
  DrainResult,
  RelayEngine,
  RelayEnvironment,
  RelayPlan,
} from "../relay_engine.ts";
import { hostnamesOf, type KeptPlan, Plans } from "./plans.ts";
import { PublicSockets } from "./public_sockets.ts";
import type { ConnectionReport, Report } from "./reports.ts";
import { ServerNames } from "./server_names.ts";
import { TerminatorBoard } from "./terminator_board.ts";
import { TerminatorLeases } from "./terminator_leases.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** How an engine is made. */
export interface SpliceOptions {
  readonly libc: Libc;
  /** How many workers. Default 1. */
  readonly workers?: number;
  /** Workers have no clock of their own but what `tellTime` says. Default false. */
  readonly isTimeTold?: boolean;
}

/** Opens no socket and no worker before `listen`; holds them until `drain`. */
export class SpliceEngine implements RelayEngine {
  readonly name = "splice";
  readonly #environment: RelayEnvironment;
  readonly #libc: Libc;
  readonly #isTimeTold: boolean;
  readonly #board = new TerminatorBoard(TerminatorBoard.allocate(SPLICE_TERMINATORS_MAX));
  readonly #leases: TerminatorLeases;
  readonly #names: ServerNames;
  readonly #plans: Plans;
  readonly #workerCount: number;
  readonly #workers: WorkerHandle[] = [];
  readonly #restarts = new Set<Timer>();
  readonly #whenEmpty: (() => void)[] = [];
  #plan: KeptPlan;
  #updating: Promise<void> = Promise.resolve();
  #sockets: PublicSockets | undefined;
  #stopping: Promise<void> | undefined;

  constructor(plan: RelayPlan, environment: RelayEnvironment, options: SpliceOptions) {
    this.#environment = environment;
    this.#libc = options.libc;
    this.#isTimeTold = options.isTimeTold ?? false;
    this.#workerCount = options.workers ?? 1;
    this.#leases = new TerminatorLeases(this.#board, environment);
    this.#names = new ServerNames({
      clock: environment.clock,
      onChange: () => void this.#updateAddresses(),
    });
    this.#plans = new Plans(
      (hostname) => this.#names.addressesOf(hostname),
      environment.balancer,
    );
    this.#plan = this.#plans.add(plan);
  }

  check(routes: readonly RouteConfig[]): void {
    if (!needsClientSource(routes)) return;
    const problem = whyNotTransparent(this.#libc);
    if (problem !== undefined) throw new Error(`Cannot use "source: client": ${problem}`);
  }

  listen(listen: ListenConfig): BoundAddresses {
    this.#sockets = new PublicSockets(this.#libc, listen, this.#workerCount);
    for (let number = 0; number < this.#workerCount; number++) this.#start(number);
    return this.#sockets.bound;
  }

  update(plan: RelayPlan): Promise<void> {
    const updating = this.#updating.then(() => this.#update(plan));
    // One that fails is its caller's; the next one does not depend on it.
    this.#updating = updating.catch(() => {});
    return updating;
  }

  refreshTerminators(): void {
    this.#leases.refresh();
  }

  get open(): number {
    return this.#workers.reduce((sum, worker) => sum + worker.open, 0);
  }

  stopAccepting(): void {
    this.#stopping ??= this.#stopAccepting();
  }

  async drain(timeoutMs: number): Promise<DrainResult> {
    const late = Promise.withResolvers<void>();
    const before = this.#countEnds();
    using _timer = this.#environment.clock.after(timeoutMs, () => late.resolve());
    this.stopAccepting();
    await this.#stopping;
    for (const { memory } of this.#workers) memory.isUrgent = true;
    await Promise.race([this.#empty(), late.promise]);
    await Promise.all(this.#workers.map((worker) => worker.ask((id) => ({ kind: "cut", id }))));
    await Promise.all(this.#workers.map((worker) => worker.end()));
    this.#names.close();
    this.#leases.close();
    const after = this.#countEnds();
    const cut = after.cut - before.cut;
    return { finished: after.ended - before.ended - cut, cut };
  }

  /** Tells the workers the time, where they have none of their own, and waits until they acted on it. */
  tellTime(nowMs: number): void {
    for (const worker of this.#workers) worker.tellTime(nowMs);
  }

  /** Has a worker die as by a defect. For tests. */
  killWorker(number: number): void {
    this.#workers[number].send({ kind: "die" });
  }

  async #update(plan: RelayPlan): Promise<void> {
    await this.#names.use(hostnamesOf(plan));
    const before = this.#plan;
    const next = this.#plans.add(plan, before);
    this.#plan = next;
    await Promise.all(
      this.#workers.map((worker) => worker.ask((id) => ({ kind: "plan", id, plan: next.message }))),
    );
    this.#plans.supersede(before, this.#environment.clock.monotonic());
    this.#leases.retire(before);
  }

  async #updateAddresses(): Promise<void> {
    try {
      await this.update(this.#plan.source);
    } catch (error) {
      this.#environment.log.error("Cannot use new addresses of servers", {
        error: errorText(error),
      });
    }
  }

  async #stopAccepting(): Promise<void> {
    this.#restarts.forEach((timer) => timer.cancel());
    await Promise.all(
      this.#workers.map((worker) => worker.ask((id) => ({ kind: "stop_accepting", id }))),
    );
    this.#sockets?.close();
  }

  #start(number: number): void {
    const { book, clock, counters } = this.#environment;
    const startedAt = clock.monotonic();
    this.#workers[number] = new WorkerHandle({
      board: this.#board.memory,
      book: book.memory,
      sockets: this.#sockets!.ofWorker(number),
      plan: this.#plan.message,
      number,
      isTimeTold: this.#isTimeTold,
      wantsRecords: this.#environment.record !== undefined,
    }, {
      libc: this.#libc,
      clock,
      counters,
      capacity: this.#capacity(),
      onRead: () => this.#noteEmpty(),
      onReport: (report) => this.#take(number, report),
      onDeath: (error) => this.#replace(number, error, startedAt),
    });
    if (this.#isTimeTold) this.#workers[number].memory.tellTime(startedAt);
  }

  /** A connection takes two descriptors, and two pipes at times, for which copying can stand in. */
  #capacity(): number {
    const limit = new BigUint64Array(2);
    this.#libc.getrlimit(RLIMIT_NOFILE, new Uint8Array(limit.buffer));
    const descriptors = Math.min(Number(limit[0]), 2 * SPLICE_CONNECTIONS_MAX);
    return Math.max(1, Math.floor((descriptors - SPLICE_DESCRIPTORS_LEFT_MAX) / 2));
  }

  #replace(number: number, error: string, startedAt: number): void {
    const { balancer, book, clock, counters, log } = this.#environment;
    const held = this.#workers[number].releaseAll();
    for (const { bookSlot, openCell, terminatorSlot } of held) {
      if (openCell >= 0) balancer.cells.add(openCell, -1);
      if (bookSlot >= 0) book.close(bookSlot, clock.monotonic());
      if (terminatorSlot >= 0) this.#leases.leave(terminatorSlot);
    }
    counters.add("connections_lost", held.length);
    log.error("Relay worker died, starting another one", {
      worker: number,
      error,
      connections: held.length,
    });
    this.#noteEmpty();
    if (this.#stopping !== undefined) return;
    // One that dies as soon as it is started must not keep the process busy.
    const isSoon = clock.monotonic() - startedAt < SPLICE_RESTART_PAUSE_MS;
    if (isSoon) this.#startLater(number);
    else this.#restart(number);
  }

  #restart(number: number): void {
    try {
      this.#start(number);
    } catch (error) {
      this.#environment.log.error("Cannot start a relay worker", { error: errorText(error) });
      this.#startLater(number);
    }
  }

  #startLater(number: number): void {
    const timer = this.#environment.clock.after(SPLICE_RESTART_PAUSE_MS, () => {
      this.#restarts.delete(timer);
      this.#restart(number);
    });
    this.#restarts.add(timer);
  }

  #take(number: number, report: Report): void {
    const { log, sampler } = this.#environment;
    switch (report.kind) {
      case "connection":
        return this.#record(report);
      case "server_failed":
        return this.#warnOfServer(report);
      case "accept_failed":
        if (sampler.admit("accept") === undefined) return;
        return log.warn("Cannot accept", { error: errnoText(report.errno) });
      case "complaint":
        if (sampler.admit(report.sentence) === undefined) return;
        return log.error(report.sentence, {
          client: formatEndpoint(report.client),
          error: report.error,
        });
      case "slot_unused":
        return this.#leases.look(report.slot);
      case "terminator_wanted":
        return void this.#lease(number, report);
    }
  }

  async #lease(
    number: number,
    { planId, place }: Report & { kind: "terminator_wanted" },
  ): Promise<void> {
    const plan = this.#plans.get(planId);
    const problem = plan === undefined
      ? "the configuration has changed"
      : await this.#leases.lease(plan, place);
    this.#workers[number].send({ kind: "terminator", planId, place, problem });
  }

  #warnOfServer({ serverId, failure, errno }: Report & { kind: "server_failed" }): void {
    const { log, sampler } = this.#environment;
    const server = this.#plans.serverName(serverId);
    const heldBack = sampler.admit(`server ${server}`);
    if (heldBack === undefined) return;
    const error = errno === 0 ? undefined : errnoText(errno);
    log.warn("Cannot reach server", { server, kind: failure, error, heldBack });
  }

  #record(report: ConnectionReport): void {
    const { kind: _, serverId, hopPort, routeIndex, ...rest } = report;
    const server = serverId >= 0
      ? this.#plans.serverName(serverId)
      : hopPort > 0
      ? formatHostPort("127.0.0.1", hopPort)
      : undefined;
    this.#environment.record?.({
      ...rest,
      server,
      routeIndex: routeIndex < 0 ? undefined : routeIndex,
    });
  }

  #countEnds(): { ended: number; cut: number } {
    const sum = { ended: 0, cut: 0 };
    for (const { memory } of this.#workers) {
      sum.ended += memory.ended;
      sum.cut += memory.cut;
    }
    return sum;
  }

  #empty(): Promise<void> {
    if (this.open === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  #noteEmpty(): void {
    if (this.open === 0) this.#whenEmpty.splice(0).forEach((resolve) => resolve());
  }
}
