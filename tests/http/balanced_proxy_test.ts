import assert from "node:assert/strict";
import type { ServerConfig } from "../../lib/config/config.ts";
import { balancedProxy } from "../../lib/http/balanced_proxy.ts";
import type { Answer, UpstreamRequest } from "../../lib/http/message.ts";
import { Balancer } from "../../lib/upstream/balancer.ts";
import { routeGroup } from "../../lib/upstream/upstream_group.ts";
import { makeRoute, makeServer } from "../support/route_configs.ts";

const SERVERS = [1, 2].map((port) => makeServer(port));
const GROUP = routeGroup(
  makeRoute("offload", ["a.example"], { servers: SERVERS, loadBalance: "least_conn" }),
);
const REQUEST: UpstreamRequest = {
  method: "GET",
  target: "/",
  headers: [],
  body: undefined,
  signal: new AbortController().signal,
};

function firstOf(servers: Iterable<ServerConfig>): ServerConfig | undefined {
  for (const server of servers) return server;
}

Deno.test("balancedProxy: a server counts a request until its answer is over", async () => {
  const balancer = new Balancer();
  balancer.prepare([GROUP]);
  const answers = [1, 2].map(() => Promise.withResolvers<Answer>());
  let sent = 0;
  const proxy = balancedProxy(balancer, () => answers[sent++].promise);
  const options = { onInterim: () => {}, onCut: () => {} };
  const openOf = () =>
    balancer.sourceOf(GROUP).members.map(({ openCell }) => balancer.cells.get(openCell));
  const first = proxy.send(SERVERS[0], REQUEST, options);
  assert.deepEqual(openOf(), [1, 0]);
  assert.equal(firstOf(proxy.orderServers(SERVERS)), SERVERS[1]);
  const second = proxy.send(SERVERS[1], REQUEST, options);
  assert.deepEqual(openOf(), [1, 1]);
  answers[0].resolve({ status: 204, reason: "", headers: [], body: undefined });
  answers[1].reject(new Error("refused"));
  assert.equal((await first).status, 204);
  await assert.rejects(second, /refused/);
  assert.deepEqual(openOf(), [0, 0]);
});

Deno.test("balancedProxy: nothing is counted where no algorithm looks at it", async () => {
  const balancer = new Balancer();
  const inTurn = routeGroup(
    makeRoute("offload", ["b.example"], { servers: SERVERS, loadBalance: "round_robin" }),
  );
  const alone = routeGroup(
    makeRoute("offload", ["c.example"], { servers: [makeServer(3)], loadBalance: "least_conn" }),
  );
  balancer.prepare([inTurn, alone]);
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const proxy = balancedProxy(balancer, () => promise);
  const sent = proxy.send(SERVERS[0], REQUEST, { onInterim: () => {}, onCut: () => {} });
  const [{ openCell }] = balancer.sourceOf(inTurn).members;
  assert.equal(balancer.cells.get(openCell), 0);
  // From here on it is counted, but not what was begun before.
  balancer.prepare([GROUP]);
  resolve({ status: 204, reason: "", headers: [], body: undefined });
  assert.equal((await sent).status, 204);
  assert.equal(balancer.cells.get(openCell), 0);
});

Deno.test("balancedProxy: a request that cannot even be begun is not counted", () => {
  const balancer = new Balancer();
  const proxy = balancedProxy(balancer, () => {
    throw new Error("defect");
  });
  assert.throws(
    () => proxy.send(SERVERS[0], REQUEST, { onInterim: () => {}, onCut: () => {} }),
    /defect/,
  );
  const [{ openCell }] = balancer.sourceOf(GROUP).members;
  assert.equal(balancer.cells.get(openCell), 0);
});

Deno.test("balancedProxy: passes on who asks", () => {
  const balancer = new Balancer();
  const proxy = balancedProxy(balancer, () => Promise.reject(new Error("not sent here")));
  const stickyKey = balancer.stickyKeyOf(SERVERS[1]);
  for (let turn = 0; turn < 3; turn++) {
    assert.equal(firstOf(proxy.orderServers(SERVERS, { stickyKey })), SERVERS[1]);
  }
});
