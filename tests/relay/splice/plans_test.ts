import assert from "node:assert/strict";
import { TERMINATOR_TIMEOUT_MS } from "../../../lib/base/limits.ts";
import { encodeIpAddress, encodeUnixAddress } from "../../../lib/linux/socket_address.ts";
import { placeOf } from "../../../lib/relay/splice/flat_plan.ts";
import { hostnamesOf, type KeptPlan, Plans } from "../../../lib/relay/splice/plans.ts";
import { WorkerPlan } from "../../../lib/relay/splice/worker_plan.ts";
import { Balancer } from "../../../lib/upstream/balancer.ts";
import { LIMITS, makePlan, type RouteSketch } from "../suite/fixture.ts";

/** For so long a connection may wait under a plan: for its hello, then for a terminator. */
const KEPT_MS = LIMITS.hello + TERMINATOR_TIMEOUT_MS;

/** What names resolve to. */
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  "one.lan": ["192.0.2.1"],
  "two.lan": ["192.0.2.2", "2001:db8::2"],
};

function makePlans(): Plans {
  return new Plans((hostname) => ADDRESSES[hostname] ?? [], new Balancer());
}

/** Encoded addresses of each server of the first route, as a worker finds them. */
function addressesOf({ message }: KeptPlan): Uint8Array[][] {
  const { decisions } = new WorkerPlan(message);
  const route = decisions.routeOf(placeOf(0));
  return Array.from({ length: decisions.serverCount(route) }, (_, position) => {
    const server = decisions.server(route, position);
    return Array.from({ length: decisions.addressCount(server) }, (_, at) => {
      const into = new Uint8Array(128);
      return into.slice(0, decisions.copyAddress(server, at, into));
    });
  });
}

/** Ids of the servers of the first route. */
function idsOf({ decisions }: KeptPlan): number[] {
  const route = decisions.routeOf(placeOf(0));
  return Array.from(
    { length: decisions.serverCount(route) },
    (_, position) => decisions.serverId(decisions.server(route, position)),
  );
}

function servedBy(...servers: string[]): RouteSketch {
  return { hosts: ["app.example"], servers };
}

/** Servers as they are configured, and the addresses that workers connect to. */
const SERVERS: readonly [server: string, addresses: readonly (Uint8Array | undefined)[]][] = [
  ["one.lan:443", [encodeIpAddress("192.0.2.1", 443)]],
  ["two.lan:8443", [encodeIpAddress("192.0.2.2", 8_443), encodeIpAddress("2001:db8::2", 8_443)]],
  ["unknown.lan:443", []],
  ["unix:/run/app.sock", [encodeUnixAddress("/run/app.sock")]],
  [`unix:/${"x".repeat(200)}`, []],
];

for (const [server, addresses] of SERVERS) {
  Deno.test(`Plans.add: ${server.slice(0, 30)} has ${addresses.length} addresses`, () => {
    const plan = makePlans().add(makePlan([servedBy(server)]));
    assert.deepEqual(addressesOf(plan), [addresses]);
  });
}

Deno.test("Plans.add: workers find the route and the match of each place", () => {
  const source = makePlan([
    { hosts: ["a.example", "*.a.example"], mode: "offload" },
    servedBy("one.lan:443"),
  ]);
  const plan = makePlans().add(source);
  const worker = new WorkerPlan(plan.message);
  for (const name of ["a.example", "b.a.example", "app.example"]) {
    const match = worker.table.match(name);
    assert.equal(plan.matchOf(placeOf(match)), source.table.match(name));
    const { index } = source.table.match(name)!.route;
    const { decisions } = worker;
    assert.equal(decisions.routeIndex(decisions.routeOf(placeOf(match))), index);
  }
  assert.equal(worker.helloTimeoutMs, LIMITS.hello);
  assert.equal(worker.id, plan.id);
});

Deno.test("Plans.add: the same table is encoded once, its addresses anew", () => {
  const plans = makePlans();
  const source = makePlan([servedBy("one.lan:443")]);
  const first = plans.add(source);
  const second = plans.add(source, first);
  assert.equal(second.message.table, first.message.table);
  assert.notEqual(second.message.decisions, first.message.decisions);
  assert.notEqual(second.id, first.id);
  const third = plans.add(makePlan([servedBy("one.lan:443")]), second);
  assert.notEqual(third.message.table, second.message.table);
});

Deno.test("Plans.serverName: a server has one number through all plans", () => {
  const plans = makePlans();
  const first = plans.add(makePlan([servedBy("one.lan:443", "two.lan:443")]));
  const second = plans.add(
    makePlan([servedBy("unix:/run/a", "two.lan:443", "one.lan:444")]),
    first,
  );
  const [one, two] = idsOf(first);
  const [unix, twoAgain, other] = idsOf(second);
  assert.equal(twoAgain, two);
  assert.equal(new Set([one, two, unix, other]).size, 4);
  const names = [one, two, unix, other].map((id) => plans.serverName(id));
  assert.deepEqual(names, ["one.lan:443", "two.lan:443", "unix:/run/a", "one.lan:444"]);
});

Deno.test("Plans.supersede: a plan is known for as long as a connection may wait under it", () => {
  const plans = makePlans();
  const [first, second, third] = [1, 2, 3].map(() => plans.add(makePlan([])));
  plans.supersede(first, 1_000);
  assert.equal(plans.get(first.id), first);
  plans.supersede(second, 1_000 + KEPT_MS);
  assert.equal(plans.get(first.id), first, "at its last moment");
  plans.supersede(third, 1_001 + KEPT_MS);
  assert.equal(plans.get(first.id), undefined);
  assert.deepEqual([second, third].map(({ id }) => plans.get(id)), [second, third]);
});

Deno.test("Plans.supersede: the one in use is never forgotten", () => {
  const plans = makePlans();
  const used = plans.add(makePlan([]));
  for (let turn = 1; turn <= 10; turn++) {
    plans.supersede(plans.add(makePlan([])), turn * 2 * KEPT_MS);
  }
  assert.equal(plans.get(used.id), used);
  assert.equal(plans.get(12), undefined, "one that never was");
});

Deno.test("hostnamesOf: those of servers that workers connect to", () => {
  const plan = makePlan([
    servedBy("one.lan:443", "unix:/run/a", "192.0.2.9:443"),
    { hosts: ["b.example"], mode: "offload", servers: ["two.lan:80"] },
    { hosts: ["c.example"], mode: "reject" },
  ]);
  assert.deepEqual(hostnamesOf(plan), ["one.lan", "192.0.2.9"]);
});
