import assert from "node:assert/strict";
import { routeGroup } from "../../../lib/upstream/upstream_group.ts";
import { makePlan, until } from "../suite/fixture.ts";
import { countNames, type Guest, NamedServers, visit } from "../suite/named_servers.ts";
import { NAME } from "../suite/open_pair.ts";
import { LiveEngine, whyNoSplice } from "./live_engine.ts";

const ignore = whyNoSplice !== undefined;

/** An engine with three workers and servers that share its connections by their count. */
function openPlace(weights: readonly number[]) {
  const servers = new NamedServers(weights.length);
  const routes = [{
    hosts: [NAME],
    servers: servers.ports,
    weights,
    loadBalance: "least_conn" as const,
  }];
  const plan = makePlan(routes);
  const live = new LiveEngine(plan, { workers: 3 });
  const openOf = () =>
    live.balancer.sourceOf(routeGroup(plan.table.routes[0])).members
      .map(({ openCell }) => live.balancer.cells.get(openCell));
  const untilOpen = (expected: readonly number[]) =>
    until(() => `${openOf()}` === `${expected}`, () => `${expected}, not ${openOf()}`);
  return { servers, live, untilOpen };
}

Deno.test({
  name: "open_counts: three workers share a route's connections as one would",
  ignore,
  fn: async () => {
    const { servers, live, untilOpen } = openPlace([2, 1, 1]);
    using _servers = servers;
    await using _live = live;
    const guests: Guest[] = [];
    for (let time = 0; time < 40; time++) guests.push(await visit(live.port));
    assert.deepEqual(countNames(guests.map(({ name }) => name)), { a: 20, b: 10, c: 10 });
    await untilOpen([20, 10, 10]);
    guests.forEach((guest) => guest[Symbol.dispose]());
    await untilOpen([0, 0, 0]);
  },
});

Deno.test({
  name: "open_counts: the connections of a worker that dies are counted no more",
  ignore,
  fn: async () => {
    const { servers, live, untilOpen } = openPlace([1, 1]);
    using _servers = servers;
    await using _live = live;
    using guests = new DisposableStack();
    for (let time = 0; time < 30; time++) guests.use(await visit(live.port));
    await untilOpen([15, 15]);
    for (const worker of [0, 1, 2]) live.engine.killWorker(worker);
    await untilOpen([0, 0]);
    assert.equal(live.counters.get("connections_lost"), 30);
  },
});
