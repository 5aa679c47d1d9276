import assert from "node:assert/strict";
import { Counters } from "../../lib/base/counters.ts";
import { Failure } from "../../lib/base/failures.ts";
import { HEALTH_CHECKS_AT_ONCE_MAX } from "../../lib/base/limits.ts";
import { createLog } from "../../lib/base/log.ts";
import type { HealthCheckConfig } from "../../lib/config/config.ts";
import { HealthChecks } from "../../lib/upstream/health_checks.ts";
import { ServerCells } from "../../lib/upstream/server_cells.ts";
import { healthKey, routeGroup, type UpstreamGroup } from "../../lib/upstream/upstream_group.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { makeRoute, makeServer } from "../support/route_configs.ts";

const CHECK: HealthCheckConfig = {
  probe: { kind: "http", path: "/health", host: undefined, statuses: [{ from: 200, to: 299 }] },
  intervalMs: 1_000,
  timeoutMs: 5_000,
  rise: 2,
  fall: 3,
};

function groupOf(ports: readonly number[], check: Partial<HealthCheckConfig> = {}): UpstreamGroup {
  const servers = ports.map((port) => makeServer(port));
  const healthCheck = { ...CHECK, ...check };
  return routeGroup(makeRoute("offload", ["a.example"], { servers, healthCheck }));
}

/** Checks whose servers answer as a test says: by port, a status or an error. */
class Place implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly counters = new Counters();
  readonly cells = new ServerCells();
  readonly lines: string[] = [];
  readonly answers = new Map<number, number | Error | Promise<number>>();
  /** Ports in the order in which they were asked, with the time. */
  readonly asked: [port: number, atMs: number][] = [];
  readonly checks: HealthChecks;
  underWay = 0;

  constructor(random: () => number = () => 0.5) {
    this.checks = new HealthChecks({
      clock: this.clock,
      counters: this.counters,
      cells: this.cells,
      log: createLog({ level: "debug", write: (line) => this.lines.push(line.slice(25)) }),
      random,
      askHttp: async ({ address }, _probe, signal) => {
        const port = address.kind === "tcp" ? address.port : 0;
        this.asked.push([port, this.clock.monotonic()]);
        const answer = this.answers.get(port) ?? 200;
        if (answer instanceof Error) throw answer;
        this.underWay++;
        const gone = Promise.withResolvers<never>();
        signal.addEventListener("abort", () => gone.reject(new Error("called off")));
        try {
          return await Promise.race([answer, gone.promise]);
        } finally {
          this.underWay--;
        }
      },
    });
  }

  isDown(group: UpstreamGroup, position = 0): boolean {
    return this.cells.get(this.cells.flagCell(healthKey(group.servers[position], group)!)) === 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.checks.close();
    assert.equal(this.clock.pending, 0, "timers that were not cancelled");
    assert.equal(this.underWay, 0, "checks that go on");
  }
}

Deno.test("HealthChecks: a server counts as up, and is checked at once and then at intervals", async () => {
  await using place = new Place();
  const group = groupOf([1]);
  place.checks.use([group]);
  assert.equal(place.isDown(group), false);
  await place.clock.advance(0);
  assert.deepEqual(place.asked, [[1, 0]]);
  await place.clock.advance(2_500);
  assert.deepEqual(place.asked, [[1, 0], [1, 1_000], [1, 2_000]]);
  assert.deepEqual([place.isDown(group), place.lines], [false, []]);
  assert.equal(place.counters.get("health_checks"), 3);
});

Deno.test("HealthChecks: the query of a check is asked, and never logged", async () => {
  await using place = new Place();
  const probe = { ...CHECK.probe, path: "/health?token=s3cret?x" } as HealthCheckConfig["probe"];
  place.answers.set(1, new Error("gone"));
  place.checks.use([groupOf([1], { probe, rise: 1, fall: 1 })]);
  await place.clock.advance(0);
  place.answers.set(1, 200);
  await place.clock.advance(1_000);
  assert.deepEqual(place.lines, [
    'warn  Server is down server=127.0.0.1:1 check="http /health" reason=gone',
    'info  Server is up server=127.0.0.1:1 check="http /health" downMs=1000',
  ]);
});

Deno.test("HealthChecks: down after `fall` failures, up after `rise` successes, one line for each", async () => {
  await using place = new Place();
  const group = groupOf([1]);
  place.answers.set(1, 503);
  place.checks.use([group]);
  await place.clock.advance(1_999);
  assert.equal(place.isDown(group), false);
  await place.clock.advance(1);
  assert.equal(place.isDown(group), true);
  await place.clock.advance(5_000);
  const down = 'warn  Server is down server=127.0.0.1:1 check="http /health" ' +
    'reason="status 503, expected 200-299"';
  assert.deepEqual(place.lines, [down]);
  place.answers.set(1, 204);
  await place.clock.advance(1_000);
  assert.equal(place.isDown(group), true);
  await place.clock.advance(1_000);
  assert.equal(place.isDown(group), false);
  const up = 'info  Server is up server=127.0.0.1:1 check="http /health" downMs=7000';
  assert.deepEqual(place.lines, [down, up]);
  const { counters } = place;
  assert.deepEqual(
    (["health_checks", "health_check_failures", "servers_down", "servers_up"] as const)
      .map((name) => counters.get(name)),
    [10, 8, 1, 1],
  );
});

Deno.test("HealthChecks: want of our own descriptors takes no server down", async () => {
  await using place = new Place();
  const group = groupOf([1], { fall: 1 });
  place.answers.set(1, new Failure("exhausted", "no descriptors"));
  place.checks.use([group]);
  await place.clock.advance(5_000);
  assert.equal(place.isDown(group), false);
  assert.ok(place.lines.every((line) => line.startsWith("debug")), place.lines.join("\n"));
});

for (const [random, pauseMs] of [[0, 900], [0.5, 1_000], [0.999_999, 1_099]]) {
  Deno.test(`HealthChecks: with ${random} by chance the next check is after ${pauseMs} ms`, async () => {
    await using place = new Place(() => random);
    place.checks.use([groupOf([1])]);
    await place.clock.advance(pauseMs - 1);
    assert.equal(place.asked.length, 1);
    await place.clock.advance(2);
    assert.equal(place.asked.length, 2);
  });
}

Deno.test("HealthChecks: a slow check is followed by a whole pause", async () => {
  await using place = new Place();
  const slow = Promise.withResolvers<number>();
  place.answers.set(1, slow.promise);
  place.checks.use([groupOf([1])]);
  await place.clock.advance(4_000);
  slow.resolve(200);
  await place.clock.advance(999);
  assert.equal(place.asked.length, 1);
  await place.clock.advance(1);
  assert.deepEqual(place.asked[1], [1, 5_000]);
});

Deno.test("HealthChecks: what two routes check alike is checked once", async () => {
  await using place = new Place();
  const [one, other, slower] = [groupOf([1, 2]), groupOf([2, 1]), groupOf([1], { rise: 9 })];
  place.checks.use([one, other, slower]);
  await place.clock.advance(0);
  assert.equal(place.checks.size, 3);
  assert.deepEqual(place.asked.map(([port]) => port).toSorted(), [1, 1, 2]);
});

Deno.test("HealthChecks: plain HTTP and routes without a check have none of their own", async () => {
  await using place = new Place();
  const plain = { ...groupOf([80]), isPlainHttp: true };
  place.checks.use([plain, { ...groupOf([1]), healthCheck: undefined }]);
  await place.clock.advance(5_000);
  assert.deepEqual([place.checks.size, place.asked], [0, []]);
});

Deno.test("HealthChecks.use: keeps what stays, begins what is new, ends what is gone", async () => {
  await using place = new Place();
  place.answers.set(1, 500);
  place.answers.set(2, new Promise<number>(() => {}));
  const before = groupOf([1, 2]);
  place.checks.use([before]);
  await place.clock.advance(2_000);
  assert.deepEqual([place.isDown(before), place.underWay], [true, 1]);
  place.asked.length = 0;
  const after = groupOf([1, 3]);
  place.checks.use([after]);
  await place.clock.advance(0);
  assert.deepEqual(place.asked, [[3, 2_000]]);
  assert.deepEqual([place.isDown(after), place.isDown(after, 1), place.underWay], [true, false, 0]);
  await place.clock.advance(1_500);
  assert.deepEqual(place.asked.map(([port]) => port), [3, 1, 3]);
});

Deno.test("HealthChecks.use: a check that has changed keeps the server's state", async () => {
  await using place = new Place();
  place.answers.set(1, 500);
  const before = groupOf([1]);
  place.checks.use([before]);
  await place.clock.advance(2_000);
  const after = groupOf([1], { intervalMs: 500, rise: 1 });
  place.cells.retain({ counts: new Set(), flags: new Set([healthKey(after.servers[0], after)!]) });
  place.answers.set(1, 200);
  place.checks.use([after]);
  assert.equal(place.isDown(after), true);
  await place.clock.advance(0);
  assert.equal(place.isDown(after), false);
  assert.equal(place.lines.length, 2);
});

Deno.test("HealthChecks.close: calls off what is under way, and nothing follows", async () => {
  const place = new Place();
  place.answers.set(1, new Promise<number>(() => {}));
  place.checks.use([groupOf([1, 2])]);
  await place.clock.advance(0);
  assert.equal(place.underWay, 1);
  await place.checks.close();
  assert.deepEqual([place.underWay, place.clock.pending], [0, 0]);
  place.checks.use([groupOf([3])]);
  await place.clock.advance(60_000);
  assert.equal(place.asked.length, 2, "and none can be begun");
  assert.deepEqual(place.lines, [], "a check that was called off is no failure");
});

Deno.test("HealthChecks: of many servers only so many are checked at one time", async () => {
  await using place = new Place();
  const count = 3 * HEALTH_CHECKS_AT_ONCE_MAX;
  const ports = Array.from({ length: count }, (_, index) => 1 + index);
  const ends = ports.map((port) => {
    const answer = Promise.withResolvers<number>();
    place.answers.set(port, answer.promise);
    return answer;
  });
  place.checks.use([groupOf(ports)]);
  await place.clock.advance(0);
  assert.equal(place.underWay, HEALTH_CHECKS_AT_ONCE_MAX);
  ends.forEach(({ resolve }) => resolve(200));
  await place.clock.advance(0);
  assert.equal(place.asked.length, count);
});
