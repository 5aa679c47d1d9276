/**
 * The checks of a configuration's servers: one for each server and way of checking, however many
 * routes ask for it. A reload keeps those that stay, with what they know. Whoever makes it closes it.
 *
 * @module
 */
import { HEALTH_CHECKS_AT_ONCE_MAX } from "../base/limits.ts";
import { HealthCheck, type HealthEnvironment, type HealthTarget } from "./health_check.ts";
import { healthKey, serverKey, type UpstreamGroup } from "./upstream_group.ts";
import { WorkGate } from "./work_gate.ts";

interface Entry {
  /** What the server itself is known by, however it is checked. */
  readonly serverKey: string;
  readonly check: HealthCheck;
}

/** All checks. */
export class HealthChecks {
  readonly #environment: HealthEnvironment;
  readonly #gate = new WorkGate(HEALTH_CHECKS_AT_ONCE_MAX);
  #entries = new Map<string, Entry>();
  /** Of those that were stopped. */
  #ending = new Set<Promise<void>>();
  #isClosed = false;

  constructor(environment: HealthEnvironment) {
    this.#environment = environment;
  }

  /** How many servers are checked. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Checks the servers of these upstreams and no others. New ones count as up and are checked at once;
   * one that was checked in another way until now keeps its state.
   */
  use(groups: readonly UpstreamGroup[]): void {
    if (this.#isClosed) return;
    const before = this.#entries;
    this.#entries = new Map();
    for (const [key, wanted] of this.#wanted(groups)) {
      const entry = before.get(key) ?? this.#open(wanted, before);
      entry.check.retarget(wanted.target);
      this.#entries.set(key, entry);
      before.delete(key);
    }
    for (const { check } of before.values()) this.#stop(check);
  }

  /** Stops all checks. Resolves when none is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { check } of this.#entries.values()) this.#stop(check);
    this.#entries.clear();
    await Promise.all(this.#ending);
  }

  #wanted(groups: readonly UpstreamGroup[]) {
    const wanted = new Map<string, { serverKey: string; target: HealthTarget }>();
    for (const group of groups) {
      const { healthCheck: check } = group;
      if (check === undefined || group.isPlainHttp) continue;
      for (const server of group.servers) {
        const key = healthKey(server, group)!;
        const downCell = this.#environment.cells.flagCell(key);
        wanted.set(key, {
          serverKey: serverKey(server, group),
          target: { server, check, downCell },
        });
      }
    }
    return wanted;
  }

  #open(
    wanted: { serverKey: string; target: HealthTarget },
    before: ReadonlyMap<string, Entry>,
  ): Entry {
    const isDown = before.values().some(({ check, serverKey }) =>
      serverKey === wanted.serverKey && check.isDown
    );
    const check = new HealthCheck(wanted.target, this.#environment, { gate: this.#gate, isDown });
    check.start();
    return { serverKey: wanted.serverKey, check };
  }

  #stop(check: HealthCheck): void {
    const ending = check.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
