import assert from "node:assert/strict";
import { Failure } from "../../lib/base/failures.ts";
import type { HealthCheckConfig, LoadBalance, ServerConfig } from "../../lib/config/config.ts";
import { Balancer } from "../../lib/upstream/balancer.ts";
import { healthKey, routeGroup, type UpstreamGroup } from "../../lib/upstream/upstream_group.ts";
import { makeRoute, makeServer } from "../support/route_configs.ts";

const CHECK: HealthCheckConfig = {
  probe: { kind: "tcp" },
  intervalMs: 10_000,
  timeoutMs: 5_000,
  rise: 2,
  fall: 3,
};

function makeGroup(
  count: number,
  loadBalance: LoadBalance = "round_robin",
  fields: Partial<ServerConfig> = {},
): UpstreamGroup {
  const servers = Array.from({ length: count }, (_, index) => ({
    ...makeServer(8_001 + index),
    ...fields,
  }));
  return routeGroup(
    makeRoute("offload", ["a.example"], { servers, loadBalance, healthCheck: CHECK }),
  );
}

function setDown(balancer: Balancer, group: UpstreamGroup, position: number, isDown = true): void {
  const key = healthKey(group.servers[position], group)!;
  balancer.cells.setFlag(balancer.cells.flagCell(key), isDown);
}

function portsOf(servers: Iterable<ServerConfig>): number[] {
  return Array.from(
    servers,
    ({ address }) => address.kind === "tcp" ? address.port - 8_000 : 0,
  );
}

function firstOf(servers: Iterable<ServerConfig>): number {
  for (const server of servers) return portsOf([server])[0];
  return 0;
}

Deno.test("Balancer.order: each turn begins with the next one, and only what is asked for is chosen", () => {
  const balancer = new Balancer();
  const group = makeGroup(3);
  const firsts = [1, 2, 3, 4].map(() => firstOf(balancer.order(group)));
  assert.deepEqual(firsts, [1, 2, 3, 1]);
  assert.deepEqual(portsOf(balancer.order(group)), [2, 3, 1]);
});

Deno.test("Balancer.order: groups take turns of their own, and share what is known of servers", () => {
  const balancer = new Balancer();
  const [one, other] = [makeGroup(2), makeGroup(2, "least_conn")];
  balancer.prepare([one, other]);
  assert.deepEqual([one, other, one].map((group) => firstOf(balancer.order(group))), [1, 1, 2]);
  balancer.begin(one.servers[0]);
  assert.equal(firstOf(balancer.order(other)), 2);
  balancer.end(one.servers[0]);
  setDown(balancer, one, 1);
  assert.deepEqual(portsOf(balancer.order(other)), [1]);
});

Deno.test("Balancer.order: ip_hash goes by the client", () => {
  const balancer = new Balancer();
  const group = makeGroup(4, "ip_hash");
  const clients = Array.from({ length: 40 }, (_, index) => `10.0.0.${index}`);
  const choose = () => clients.map((client) => firstOf(balancer.order(group, { client })));
  const chosen = choose();
  assert.deepEqual(choose(), chosen);
  assert.equal(new Set(chosen).size, 4);
});

Deno.test("Balancer.order: a sticky client has its server as long as that is up", () => {
  const balancer = new Balancer();
  const group = makeGroup(3);
  const stickyKey = balancer.stickyKeyOf(group.servers[2]);
  for (let turn = 0; turn < 4; turn++) {
    assert.equal(portsOf(balancer.order(group, { stickyKey }))[0], 3);
  }
  setDown(balancer, group, 2);
  assert.deepEqual(portsOf(balancer.order(group, { stickyKey })).toSorted(), [1, 2]);
});

for (const stickyKey of ["", "0000000000000000", "127.0.0.1:8003"]) {
  Deno.test(`Balancer.order: "${stickyKey}" in a cookie is nobody's`, () => {
    const balancer = new Balancer();
    const group = makeGroup(3);
    const firsts = [1, 2, 3].map(() => firstOf(balancer.order(group, { stickyKey })));
    assert.deepEqual(firsts, [1, 2, 3]);
  });
}

Deno.test("Balancer.orderServers: knows a prepared group by its servers", () => {
  const balancer = new Balancer();
  const group = makeGroup(3, "first");
  balancer.prepare([group]);
  setDown(balancer, group, 0);
  assert.deepEqual(portsOf(balancer.orderServers(group.servers)), [2, 3]);
});

Deno.test("Balancer.orderServers: takes an unknown list in turn, and one server as it is", () => {
  const balancer = new Balancer();
  const { servers } = makeGroup(2, "first");
  assert.deepEqual([1, 2].map(() => firstOf(balancer.orderServers(servers))), [1, 2]);
  const lone = makeGroup(1);
  assert.equal(balancer.orderServers(lone.servers), lone.servers);
});

for (const count of [1, 3]) {
  Deno.test(`Balancer.orderServers: with all of ${count} down says so`, () => {
    const balancer = new Balancer();
    const group = makeGroup(count);
    balancer.prepare([group]);
    for (let position = 0; position < count; position++) setDown(balancer, group, position);
    assert.throws(
      () => balancer.orderServers(group.servers),
      (error) => error instanceof Failure && error.kind === "upstream_down" && error.status === 503,
    );
  });
}

Deno.test("Balancer.prepare: a reload keeps what is known of servers that stay", () => {
  const balancer = new Balancer();
  const before = makeGroup(3, "least_conn");
  balancer.prepare([before]);
  setDown(balancer, before, 0);
  balancer.begin(before.servers[1]);
  const after = makeGroup(3, "least_conn");
  balancer.prepare([after]);
  assert.deepEqual(portsOf(balancer.order(after)), [3, 2]);
  // The request began before the reload.
  balancer.end(before.servers[1]);
  assert.equal(portsOf(balancer.order(after)).length, 2);
  const cell = balancer.sourceOf(after).members[1].openCell;
  assert.equal(balancer.cells.get(cell), 0);
});

Deno.test("Balancer.sourceOf: workers are told the cells that the main isolate counts in", () => {
  const balancer = new Balancer();
  const group = makeGroup(2, "random", { weight: 7 });
  balancer.begin(group.servers[1]);
  balancer.prepare([group]);
  const source = balancer.sourceOf(group);
  assert.equal(source.loadBalance, "random");
  assert.deepEqual(source.members.map(({ weight }) => weight), [7, 7]);
  assert.deepEqual(source.members.map(({ openCell }) => balancer.cells.get(openCell)), [0, 1]);
  setDown(balancer, group, 0);
  assert.deepEqual(source.members.map(({ downCell }) => balancer.cells.get(downCell)), [1, 0]);
});
