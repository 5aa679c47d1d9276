/**
 * Which of a route's servers a connection gets: by weights, by load, by address, in order; and what
 * becomes of servers that are known to be down.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { HealthCheckConfig } from "../../../lib/config/config.ts";
import { encodeAlert } from "../../../lib/tls/alert.ts";
import { healthKey, routeGroup } from "../../../lib/upstream/upstream_group.ts";
import { findFreePort } from "../../support/free_port.ts";
import { Fixture, type MakeEngine, makePlan, type RouteSketch, until } from "./fixture.ts";
import { countNames, type Guest, NamedServers, visit, visitOften } from "./named_servers.ts";
import { NAME } from "./open_pair.ts";

const CHECK: HealthCheckConfig = {
  probe: { kind: "tcp" },
  intervalMs: 10_000,
  timeoutMs: 5_000,
  rise: 2,
  fall: 3,
};

/** Says of a server of the only route that it is down, as a health check would. */
function setDown(fixture: Fixture, position: number, isDown = true): void {
  const group = routeGroup(fixture.plan.table.routes[0]);
  const { cells } = fixture.balancer;
  cells.setFlag(cells.flagCell(healthKey(group.servers[position], group)!), isDown);
}

/** Connections that each server has. */
function openOf(fixture: Fixture): number[] {
  const source = fixture.balancer.sourceOf(routeGroup(fixture.plan.table.routes[0]));
  return source.members.map(({ openCell }) => fixture.balancer.cells.get(openCell));
}

async function untilOpen(fixture: Fixture, expected: readonly number[]): Promise<void> {
  const text = String(expected);
  await until(() => String(openOf(fixture)) === text, () => `${text}, not ${openOf(fixture)}`);
}

function routeTo(ports: readonly number[], fields: Partial<RouteSketch> = {}): RouteSketch[] {
  return [{ hosts: [NAME], servers: ports, healthCheck: CHECK, ...fields }];
}

/** Weights, what is down, and what so many connections come to. */
const SHARES: readonly [
  weights: readonly number[],
  down: readonly number[],
  visits: number,
  counts: Record<string, number>,
][] = [
  [[1, 1, 1], [], 30, { a: 10, b: 10, c: 10 }],
  [[3, 1, 1], [], 50, { a: 30, b: 10, c: 10 }],
  [[3, 1, 1], [0], 20, { b: 10, c: 10 }],
  [[3, 2, 1], [1], 40, { a: 30, c: 10 }],
];

/** Registers the tests. */
export function balancingTests(name: string, makeEngine: MakeEngine): void {
  for (const [weights, down, visits, counts] of SHARES) {
    const without = down.length === 0 ? "" : ` without ${down}`;
    Deno.test(`${name} round_robin: weights ${weights}${without} share ${visits} connections`, async () => {
      using servers = new NamedServers(weights.length);
      const routes = routeTo(servers.ports, { weights });
      await using fixture = new Fixture(makeEngine, { routes });
      down.forEach((position) => setDown(fixture, position));
      assert.deepEqual(countNames(await visitOften(fixture.httpsPort, visits)), counts);
      await untilOpen(fixture, weights.map(() => 0));
    });
  }

  healthTests(name, makeEngine);
  loadTests(name, makeEngine);
  backupTests(name, makeEngine);

  Deno.test(`${name} ip_hash: a client keeps its server, and only those of one that is down move`, async () => {
    using servers = new NamedServers(3);
    const routes = routeTo(servers.ports, { loadBalance: "ip_hash" });
    await using fixture = new Fixture(makeEngine, { routes });
    const clients = Array.from({ length: 30 }, (_, index) => `127.0.7.${1 + index}`);
    const visitAll = async () => {
      const names: string[] = [];
      for (const client of clients) names.push(await visitOften(fixture.httpsPort, 1, client));
      return names;
    };
    const before = await visitAll();
    assert.deepEqual(Object.keys(countNames(before)).sort(), ["a", "b", "c"]);
    setDown(fixture, 1);
    const during = await visitAll();
    before.forEach((server, index) => {
      if (server === "b") assert.ok(["a", "c"].includes(during[index]));
      else assert.equal(during[index], server);
    });
    setDown(fixture, 1, false);
    assert.deepEqual(await visitAll(), before);
  });
}

function healthTests(name: string, makeEngine: MakeEngine): void {
  Deno.test(`${name} down: a server gets nothing, and its share when it is up again`, async () => {
    using servers = new NamedServers(3);
    await using fixture = new Fixture(makeEngine, { routes: routeTo(servers.ports) });
    setDown(fixture, 1);
    assert.deepEqual(countNames(await visitOften(fixture.httpsPort, 12)), { a: 6, c: 6 });
    setDown(fixture, 1, false);
    assert.deepEqual(countNames(await visitOften(fixture.httpsPort, 12)), { a: 4, b: 4, c: 4 });
    assert.deepEqual(fixture.lines, []);
  });

  for (const count of [1, 2]) {
    Deno.test(`${name} down: with all of ${count} down clients get internal_error, and nobody is asked`, async () => {
      using servers = new NamedServers(count);
      await using fixture = new Fixture(makeEngine, { routes: routeTo(servers.ports) });
      for (let position = 0; position < count; position++) setDown(fixture, position);
      using client = await fixture.connect(NAME);
      assert.deepEqual(await client.readToEnd(), encodeAlert("internal_error"));
      client[Symbol.dispose]();
      const record = await fixture.recorded();
      assert.equal(record.end, "upstream_unreachable");
      assert.equal(record.reason, "upstream_down");
      assert.equal(record.server, undefined);
      assert.equal(fixture.dials, 0);
      assert.equal(fixture.counters.get("upstream_down"), 1);
      setDown(fixture, 0, false);
      assert.equal(await visitOften(fixture.httpsPort, 1), "a");
    });
  }

  Deno.test(`${name} down: a plan that replaces another keeps what is known`, async () => {
    using servers = new NamedServers(2);
    const routes = routeTo(servers.ports, { loadBalance: "least_conn" });
    await using fixture = new Fixture(makeEngine, { routes });
    using first = await visit(fixture.httpsPort);
    assert.equal(first.name, "a");
    await fixture.engine.update(makePlan(routes));
    using second = await visit(fixture.httpsPort);
    assert.equal(second.name, "b", "a has a connection from before");
    setDown(fixture, 0);
    await fixture.engine.update(makePlan(routes));
    assert.equal(await visitOften(fixture.httpsPort, 3), "bbb");
    first[Symbol.dispose]();
    await untilOpen(fixture, [0, 1]);
  });
}

function loadTests(name: string, makeEngine: MakeEngine): void {
  Deno.test(`${name} least_conn: connections that stay are held by the weights`, async () => {
    using servers = new NamedServers(3);
    const routes = routeTo(servers.ports, { weights: [2, 1, 1], loadBalance: "least_conn" });
    await using fixture = new Fixture(makeEngine, { routes });
    const guests: Guest[] = [];
    for (let time = 0; time < 16; time++) guests.push(await visit(fixture.httpsPort));
    assert.deepEqual(countNames(guests.map((guest) => guest.name)), { a: 8, b: 4, c: 4 });
    await untilOpen(fixture, [8, 4, 4]);
    // The clients of one leave, and the next ones go there.
    for (const guest of guests.filter(({ name }) => name === "b")) guest[Symbol.dispose]();
    await untilOpen(fixture, [8, 0, 4]);
    for (let time = 0; time < 3; time++) {
      const guest = await visit(fixture.httpsPort);
      assert.equal(guest.name, "b");
      guests.push(guest);
    }
    guests.forEach((guest) => guest[Symbol.dispose]());
    await untilOpen(fixture, [0, 0, 0]);
  });

  Deno.test(`${name} random: of two servers by chance the less busy gets the connection`, async () => {
    using servers = new NamedServers(3);
    const routes = routeTo(servers.ports, { loadBalance: "random" });
    await using fixture = new Fixture(makeEngine, { routes });
    using guests = new DisposableStack();
    for (let time = 0; time < 60; time++) guests.use(await visit(fixture.httpsPort));
    const counts = openOf(fixture);
    // By chance alone a difference of more than 6 would be common; here 3 is seldom.
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 6, `${counts}`);
  });

  Deno.test(`${name} open: connections that fail or are cut are not counted for ever`, async () => {
    using servers = new NamedServers(1);
    const ports = [findFreePort(), ...servers.ports];
    await using fixture = new Fixture(makeEngine, { routes: routeTo(ports) });
    using _one = await visit(fixture.httpsPort);
    using _two = await visit(fixture.httpsPort);
    await untilOpen(fixture, [0, 2]);
    await fixture.cut();
    assert.deepEqual(openOf(fixture), [0, 0]);
  });
}

function backupTests(name: string, makeEngine: MakeEngine): void {
  Deno.test(`${name} first: is the first that is up, in the order of the list`, async () => {
    using servers = new NamedServers(3);
    const routes = routeTo(servers.ports, { loadBalance: "first" });
    await using fixture = new Fixture(makeEngine, { routes });
    const port = fixture.httpsPort;
    assert.equal(await visitOften(port, 3), "aaa");
    setDown(fixture, 0);
    assert.equal(await visitOften(port, 3), "bbb");
    servers.all[1][Symbol.dispose]();
    assert.equal(await visitOften(port, 3), "ccc", "one that refuses is passed over");
    setDown(fixture, 0, false);
    assert.equal(await visitOften(port, 3), "aaa");
  });

  Deno.test(`${name} backup: gets clients when no other server is up, or none lets them in`, async () => {
    using servers = new NamedServers(3);
    const routes = routeTo(servers.ports, { backups: [0] });
    await using fixture = new Fixture(makeEngine, { routes });
    const port = fixture.httpsPort;
    assert.deepEqual(countNames(await visitOften(port, 10)), { b: 5, c: 5 });
    setDown(fixture, 1);
    assert.equal(await visitOften(port, 3), "ccc");
    setDown(fixture, 2);
    assert.equal(await visitOften(port, 3), "aaa");
    setDown(fixture, 2, false);
    assert.equal(await visitOften(port, 3), "ccc");
    servers.all[2][Symbol.dispose]();
    assert.equal(await visitOften(port, 3), "aaa");
  });
}
