/**
 * The main isolate's side of the terminator board: leases terminators when workers ask, tells the
 * workers that asked, and ends a lease when nothing uses it any more. Does no I/O of its own.
 *
 * @module
 */
import { TIMER_MAX_MS } from "../../base/clock.ts";
import { errorText } from "../../base/failures.ts";
import { SPLICE_TERMINATOR_LEASE_MS, TERMINATOR_TIMEOUT_MS } from "../../base/limits.ts";
import { withTimeLimit } from "../../base/time_limit.ts";
import type { Match } from "../../route/route_table.ts";
import type { HopLease, RelayEnvironment } from "../relay_engine.ts";
import { type FlatPlan, PLAIN_HTTP_PLACE } from "./flat_plan.ts";
import { NO_SLOT, type TerminatorBoard } from "./terminator_board.ts";

/** A plan whose terminators are leased. */
export interface LeasingPlan {
  readonly id: number;
  readonly decisions: FlatPlan;
  /** Returns the match of a place of the plan. */
  matchOf(place: number): Match;
}

/** A lease and the cell that its slot was put into. */
interface HeldLease {
  readonly lease: HopLease;
  readonly decisions: FlatPlan;
  readonly cell: number;
}

/** Leases that are held. */
export class TerminatorLeases {
  readonly #board: TerminatorBoard;
  readonly #environment: RelayEnvironment;
  /** By slot. */
  readonly #leases = new Map<number, HeldLease>();
  /** Slots without a lease; those beyond the highest one ever used are not in it. */
  readonly #free: number[] = [];
  #slots = NO_SLOT;
  /** What is under way, by plan and place: several workers may ask for the same. */
  readonly #asked = new Map<string, Promise<string | undefined>>();
  readonly #closing = new AbortController();

  constructor(board: TerminatorBoard, environment: RelayEnvironment) {
    this.#board = board;
    this.#environment = environment;
  }

  /**
   * Leases a terminator and puts it into its cell, in the place of what is there.
   *
   * @param place Of the plan.
   * @returns Why that was not possible, in words; undefined if it is done.
   */
  lease(plan: LeasingPlan, place: number): Promise<string | undefined> {
    const key = `${plan.id} ${place}`;
    let asked = this.#asked.get(key);
    if (asked === undefined) {
      asked = this.#lease(plan, place).finally(() => this.#asked.delete(key));
      this.#asked.set(key, asked);
    }
    return asked;
  }

  /** Ends the lease of a retired slot if no connection uses it. */
  look(slot: number): void {
    if (!this.#board.isUnused(slot)) return;
    this.#leases.get(slot)?.lease.release();
    if (this.#leases.delete(slot)) this.#free.push(slot);
  }

  /** Takes a dead worker's connection out of its slot. */
  leave(slot: number): void {
    if (this.#board.leave(slot)) this.look(slot);
  }

  /** Takes all terminators out of a plan that no new connection is decided by. */
  retire({ decisions }: LeasingPlan): void {
    for (const held of [...this.#leases.values()]) {
      if (held.decisions === decisions) this.#empty(decisions, held.cell);
    }
  }

  /** Takes all terminators out of all plans, so that workers ask for them anew. */
  refresh(): void {
    for (const { decisions, cell } of [...this.#leases.values()]) this.#empty(decisions, cell);
  }

  /** Ends every lease; the workers have ended. */
  close(): void {
    this.#closing.abort(new Error("relay has stopped"));
    for (const { lease } of this.#leases.values()) lease.release();
    this.#leases.clear();
  }

  async #lease(plan: LeasingPlan, place: number): Promise<string | undefined> {
    try {
      const lease = await this.#find(plan, place);
      return this.#put(plan, place, lease);
    } catch (error) {
      return errorText(error);
    }
  }

  async #find(plan: LeasingPlan, place: number): Promise<HopLease> {
    const environment = this.#environment;
    if (place === PLAIN_HTTP_PLACE) return environment.leasePlainHttp();
    return await withTimeLimit(environment.leaseTerminator(plan.matchOf(place)), {
      clock: environment.clock,
      timeoutMs: TERMINATOR_TIMEOUT_MS,
      signal: this.#closing.signal,
      discard: (late) => late.release(),
    });
  }

  #put({ decisions }: LeasingPlan, place: number, lease: HopLease): string | undefined {
    const cell = decisions.terminatorCell(place);
    this.#empty(decisions, cell);
    const slot = this.#free.pop() ?? this.#slots + 1;
    if (slot > this.#board.slots || this.#closing.signal.aborted) {
      lease.release();
      return "too many terminators are open";
    }
    this.#slots = Math.max(this.#slots, slot);
    this.#leases.set(slot, { lease, decisions, cell });
    this.#board.fill(slot, {
      port: lease.port,
      staleAt: this.#environment.clock.monotonic() + SPLICE_TERMINATOR_LEASE_MS,
      headerMs: Math.min(lease.headerTimeoutMs, TIMER_MAX_MS),
      keepAliveMs: Math.min(lease.keepAliveTimeoutMs, TIMER_MAX_MS),
    });
    Atomics.store(decisions.cells, cell, slot);
    return undefined;
  }

  #empty({ cells }: FlatPlan, cell: number): void {
    const slot = Atomics.exchange(cells, cell, NO_SLOT);
    if (slot === NO_SLOT) return;
    this.#board.retire(slot);
    this.look(slot);
  }
}
