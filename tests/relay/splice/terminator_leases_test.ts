import assert from "node:assert/strict";
import { SPLICE_TERMINATOR_LEASE_MS, TERMINATOR_TIMEOUT_MS } from "../../../lib/base/limits.ts";
import type { HopLease, RelayEnvironment } from "../../../lib/relay/relay_engine.ts";
import { type FlatPlan, PLAIN_HTTP_PLACE } from "../../../lib/relay/splice/flat_plan.ts";
import { NO_SLOT, TerminatorBoard } from "../../../lib/relay/splice/terminator_board.ts";
import { type LeasingPlan, TerminatorLeases } from "../../../lib/relay/splice/terminator_leases.ts";
import type { Match } from "../../../lib/route/route_table.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const SLOTS = 3;
/** The first is that of port 80. */
const PLACES = SLOTS + 2;

/** A plan of cells only. */
function makePlan(id: number): LeasingPlan {
  const decisions = {
    cells: new Int32Array(new SharedArrayBuffer(4 * PLACES)),
    terminatorCell: (place: number) => place,
  };
  return {
    id,
    decisions: decisions as unknown as FlatPlan,
    matchOf: (place) => ({ place }) as unknown as Match,
  };
}

/** A board, its leases, and what was asked of the terminators. */
class Place {
  readonly clock = new FakeClock();
  readonly board = new TerminatorBoard(TerminatorBoard.allocate(SLOTS));
  readonly plan = makePlan(1);
  /** What was leased, in words, and what became of it. */
  readonly events: string[] = [];
  /** Held by whoever leased: by port. */
  readonly held = new Set<number>();
  readonly leases: TerminatorLeases;
  /** Instead of an answer at once. */
  answer: (() => Promise<HopLease>) | undefined;
  #ports = 0;

  constructor() {
    const environment: Partial<RelayEnvironment> = {
      clock: this.clock,
      leaseTerminator: async (match) => {
        const { place } = match as unknown as { place: number };
        this.events.push(`lease ${place}`);
        return this.answer === undefined ? this.makeLease() : await this.answer();
      },
      leasePlainHttp: () => {
        this.events.push("lease plain");
        return this.makeLease();
      },
    };
    this.leases = new TerminatorLeases(this.board, environment as RelayEnvironment);
  }

  makeLease(): HopLease {
    const port = ++this.#ports;
    this.held.add(port);
    return {
      port,
      headerTimeoutMs: 10,
      keepAliveTimeoutMs: 20,
      release: () => {
        assert.ok(this.held.delete(port), `port ${port} released twice`);
        this.events.push(`release ${port}`);
      },
    };
  }

  /** Leases for a place. @returns The problem, if there is one. */
  lease(place: number, plan = this.plan): Promise<string | undefined> {
    return this.leases.lease(plan, place);
  }

  /** Enters a connection as a worker does. @returns Its slot. */
  enter(place: number, plan = this.plan): number {
    const { cells } = plan.decisions;
    const cell = plan.decisions.terminatorCell(place);
    return this.board.enter(cells, cell, this.clock.monotonic());
  }

  /** Lets a connection go as a worker does. */
  leave(slot: number): void {
    if (this.board.leave(slot)) this.leases.look(slot);
  }
}

Deno.test("TerminatorLeases.lease: the terminator is found from its cell, with its limits", async () => {
  const place = new Place();
  assert.equal(place.enter(1), NO_SLOT);
  assert.equal(await place.lease(1), undefined);
  const slot = place.enter(1);
  assert.notEqual(slot, NO_SLOT);
  const { board } = place;
  assert.deepEqual([board.port(slot), board.headerMs(slot), board.keepAliveMs(slot)], [1, 10, 20]);
  assert.equal(place.enter(2), NO_SLOT);
});

Deno.test("TerminatorLeases.lease: says what is asked for", async () => {
  const place = new Place();
  await place.lease(1);
  await place.lease(2);
  await place.lease(PLAIN_HTTP_PLACE);
  assert.deepEqual(place.events, ["lease 1", "lease 2", "lease plain"]);
});

Deno.test("TerminatorLeases.lease: several workers that ask at once get one lease", async () => {
  const place = new Place();
  const problems = await Promise.all([place.lease(1), place.lease(1), place.lease(1)]);
  assert.deepEqual(problems, [undefined, undefined, undefined]);
  assert.deepEqual(place.events, ["lease 1"]);
});

Deno.test("TerminatorLeases.lease: is asked for anew once it is stale, and the old one is released", async () => {
  const place = new Place();
  await place.lease(1);
  const slot = place.enter(1);
  place.clock.sleep(SPLICE_TERMINATOR_LEASE_MS);
  assert.equal(place.enter(1), NO_SLOT);
  await place.lease(1);
  assert.deepEqual(place.events, ["lease 1", "lease 1"], "a connection still uses it");
  place.leave(slot);
  assert.deepEqual(place.events, ["lease 1", "lease 1", "release 1"]);
  assert.equal(place.board.port(place.enter(1)), 2);
});

Deno.test("TerminatorLeases.lease: a failure is said in words, and asked again", async () => {
  const place = new Place();
  place.answer = () => Promise.reject(new Error("no certificate"));
  assert.equal(await place.lease(1), "no certificate");
  assert.equal(place.enter(1), NO_SLOT);
  place.answer = undefined;
  assert.equal(await place.lease(1), undefined);
});

Deno.test("TerminatorLeases.lease: what comes too late is released", async () => {
  const place = new Place();
  const late = Promise.withResolvers<HopLease>();
  place.answer = () => late.promise;
  const leasing = place.lease(1);
  await place.clock.advance(TERMINATOR_TIMEOUT_MS);
  assert.match(await leasing ?? "", /no answer within/);
  late.resolve(place.makeLease());
  await place.clock.advance(0);
  assert.equal(place.held.size, 0);
  assert.equal(place.clock.pending, 0);
});

Deno.test(`TerminatorLeases.lease: a board of ${SLOTS} takes ${SLOTS}, and more when some are free`, async () => {
  const place = new Place();
  for (let number = 1; number <= SLOTS; number++) {
    assert.equal(await place.lease(number), undefined);
  }
  assert.equal(await place.lease(SLOTS + 1), "too many terminators are open");
  assert.equal(place.held.size, SLOTS);
  place.leases.refresh();
  assert.equal(place.held.size, 0);
  for (let turn = 0; turn < 2 * SLOTS; turn++) assert.equal(await place.lease(1), undefined);
  assert.equal(place.held.size, 1);
});

Deno.test("TerminatorLeases.retire: ends those of one plan, when their last connection has gone", async () => {
  const place = new Place();
  const other = makePlan(2);
  await place.lease(1);
  await place.lease(2);
  await place.lease(1, other);
  const slots = [place.enter(1), place.enter(1)];
  place.leases.retire(place.plan);
  assert.deepEqual([...place.held], [1, 3], "the unused one at once");
  slots.forEach((slot) => place.leave(slot));
  assert.deepEqual([...place.held], [3]);
  assert.equal(place.enter(1), NO_SLOT);
  assert.notEqual(place.enter(1, other), NO_SLOT);
});

Deno.test("TerminatorLeases.refresh: all are asked for anew, and open connections go on", async () => {
  const place = new Place();
  await place.lease(1);
  const slot = place.enter(1);
  place.leases.refresh();
  assert.equal(place.enter(1), NO_SLOT);
  assert.deepEqual([...place.held], [1]);
  await place.lease(1);
  assert.notEqual(place.enter(1), slot);
});

Deno.test("TerminatorLeases.leave: a dead worker's last connection ends the lease", async () => {
  const place = new Place();
  await place.lease(1);
  const slots = [place.enter(1), place.enter(1)];
  place.leases.retire(place.plan);
  place.leases.leave(slots[0]);
  assert.equal(place.held.size, 1);
  place.leases.leave(slots[1]);
  assert.equal(place.held.size, 0);
});

Deno.test("TerminatorLeases.look: a slot in use, and one without a lease, are let be", async () => {
  const place = new Place();
  await place.lease(1);
  const slot = place.enter(1);
  place.leases.look(slot);
  assert.equal(place.held.size, 1);
  place.leases.look(SLOTS);
  assert.equal(place.held.size, 1);
});

Deno.test("TerminatorLeases.close: releases every lease, and takes none any more", async () => {
  const place = new Place();
  const late = Promise.withResolvers<HopLease>();
  await place.lease(1);
  await place.lease(2);
  place.answer = () => late.promise;
  const leasing = place.lease(3);
  place.leases.close();
  assert.equal(place.held.size, 0);
  assert.equal(await leasing, "relay has stopped");
  late.resolve(place.makeLease());
  await place.clock.advance(0);
  assert.equal(place.held.size, 0);
  assert.notEqual(await place.lease(PLAIN_HTTP_PLACE), undefined);
  assert.equal(place.held.size, 0);
});
