import assert from "node:assert/strict";
import { FAMILY } from "../../../lib/linux/constants.ts";
import { encodeIpAddress, encodeUnixAddress } from "../../../lib/linux/socket_address.ts";
import {
  ACTION,
  encodeFlatPlan,
  FlatPlan,
  placeOf,
  PLAIN_HTTP_PLACE,
  type PlannedServer,
  SOURCES,
} from "../../../lib/relay/splice/flat_plan.ts";
import { makePlan } from "../suite/fixture.ts";

const SERVERS: readonly PlannedServer[] = [
  { id: 7, proxyProtocol: "off", addresses: [] },
  {
    id: 9,
    proxyProtocol: "v2",
    addresses: [encodeIpAddress("::1", 443)!, encodeUnixAddress("/run/a.sock")!],
  },
];

function makeFlatPlan(): FlatPlan {
  const { table } = makePlan([
    { hosts: ["offload.example", "*.offload.example"], mode: "offload" },
    { hosts: ["app.example"], servers: [1, 2] },
    { hosts: ["rejected.example"], mode: "reject" },
  ]);
  return new FlatPlan(encodeFlatPlan({ matches: table.matches, serversOf: () => SERVERS }));
}

Deno.test("FlatPlan: every match has its route, hosts of one route the same", () => {
  const plan = makeFlatPlan();
  const routes = [0, 1, 2, 3].map((match) => plan.routeOf(placeOf(match)));
  assert.deepEqual(routes, [0, 0, 1, 2]);
  assert.deepEqual(
    [0, 1, 2].map((route) => plan.action(route)),
    [ACTION.terminate, ACTION.relay, ACTION.reject],
  );
  assert.deepEqual([0, 1, 2].map((route) => plan.routeIndex(route)), [0, 1, 2]);
  assert.deepEqual([0, 1, 2].map((route) => plan.serverCount(route)), [0, 2, 0]);
});

Deno.test("FlatPlan: servers keep their identity, header and addresses", () => {
  const plan = makeFlatPlan();
  const [first, second] = [0, 1].map((position) => plan.server(1, position));
  assert.deepEqual([first, second].map((server) => plan.serverId(server)), [7, 9]);
  assert.deepEqual([first, second].map((server) => plan.proxyVersion(server)), [0, 2]);
  assert.deepEqual([first, second].map((server) => plan.addressCount(server)), [0, 2]);
  const into = new Uint8Array(110);
  SERVERS[1].addresses.forEach((address, position) => {
    const length = plan.copyAddress(second, position, into);
    assert.deepEqual(into.slice(0, length), address);
  });
});

Deno.test("FlatPlan: each route has its source", () => {
  const { table } = makePlan(
    [1, 2, 3].map((port) => ({ hosts: [`${port}.example`], servers: [port] })),
  );
  const matches = table.matches.map(({ route, pattern }, index) => ({
    route: { ...route, source: SOURCES[index] },
    pattern,
  }));
  const plan = new FlatPlan(encodeFlatPlan({ matches, serversOf: () => SERVERS }));
  for (const turn of [0, 1, 2]) {
    assert.deepEqual([0, 1, 2].map((route) => plan.source(route)), [0, 1, 2]);
    assert.equal(plan.takeTurn(1), turn);
  }
});

Deno.test("FlatPlan: knows the families of a server's addresses", () => {
  const plan = makeFlatPlan();
  const families = (position: number) =>
    Object.values(FAMILY).filter((family) => plan.hasFamily(plan.server(1, position), family));
  assert.deepEqual(families(0), []);
  assert.deepEqual(families(1), [FAMILY.unix, FAMILY.inet6]);
});

Deno.test("FlatPlan: time limits fit into 32 bits", () => {
  const { table } = makePlan([{ hosts: ["app.example"], servers: [1] }]);
  const { route, pattern } = table.matches[0];
  const timeouts = { ...route.timeouts, idleMs: 2 ** 40, connectMs: 5 };
  const matches = [{ route: { ...route, timeouts }, pattern }];
  const plan = new FlatPlan(encodeFlatPlan({ matches, serversOf: () => SERVERS }));
  assert.equal(plan.idleMs(0), 2 ** 31 - 1);
  assert.equal(plan.connectMs(0), 5);
});

Deno.test("FlatPlan: turns are taken in order by all who share it", () => {
  const { table } = makePlan([{ hosts: ["app.example"], servers: [1] }]);
  const memory = encodeFlatPlan({ matches: table.matches, serversOf: () => SERVERS });
  const [one, other] = [new FlatPlan(memory), new FlatPlan(memory)];
  assert.deepEqual([one, other, one].map((plan) => plan.takeTurn(0)), [0, 1, 2]);
});

Deno.test("FlatPlan: each place has cells of its own, empty at first", () => {
  const plan = makeFlatPlan();
  const places = [PLAIN_HTTP_PLACE, ...[0, 1, 2, 3].map(placeOf)];
  const cells = places.flatMap((place) =>
    [false, true].map((h2) => plan.terminatorCell(place, h2))
  );
  assert.equal(new Set(cells).size, 10);
  assert.ok(cells.every((cell) => plan.cells[cell] === 0));
  for (const cell of cells) plan.cells[cell] = -1;
  assert.deepEqual([0, 1, 2, 3].map((match) => plan.routeOf(placeOf(match))), [0, 0, 1, 2]);
});

Deno.test("FlatPlan: of no route at all has the place of port 80", () => {
  const plan = new FlatPlan(encodeFlatPlan({ matches: [], serversOf: () => [] }));
  assert.equal(plan.cells[plan.terminatorCell(PLAIN_HTTP_PLACE, false)], 0);
});
