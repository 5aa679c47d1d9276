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
import type { Match } from "../../../lib/route/route_table.ts";
import type { UpstreamSource } from "../../../lib/upstream/flat_upstream.ts";
import { ServerCells } from "../../../lib/upstream/server_cells.ts";
import { makePlan } from "../suite/fixture.ts";

const SERVERS: readonly PlannedServer[] = [
  { id: 7, proxyProtocol: "off", addresses: [] },
  {
    id: 9,
    proxyProtocol: "v2",
    addresses: [encodeIpAddress("::1", 443)!, encodeUnixAddress("/run/a.sock")!],
  },
];

const cells = new ServerCells();

const UPSTREAM: UpstreamSource = {
  loadBalance: "least_conn",
  members: [3, 1].map((weight, position) => ({
    weight,
    isBackup: position === 1,
    openCell: cells.countCell(`${position}`),
    downCell: cells.flagCell(`${position}`),
    name: `${position}`,
  })),
};

/** Encodes a plan in which every passthrough route has the same servers. */
function encode(matches: readonly Match[]): SharedArrayBuffer {
  return encodeFlatPlan({ matches, serversOf: () => SERVERS, upstreamOf: () => UPSTREAM });
}

function makeFlatPlan(): FlatPlan {
  const { table } = makePlan([
    { hosts: ["offload.example", "*.offload.example"], mode: "offload" },
    { hosts: ["app.example"], servers: [1, 2] },
    { hosts: ["rejected.example"], mode: "reject" },
  ]);
  return new FlatPlan(encode(table.matches), cells.memory);
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
  const plan = new FlatPlan(encode(matches), cells.memory);
  assert.deepEqual([0, 1, 2].map((route) => plan.source(route)), [0, 1, 2]);
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
  const plan = new FlatPlan(encode(matches), cells.memory);
  assert.equal(plan.idleMs(0), 2 ** 31 - 1);
  assert.equal(plan.connectMs(0), 5);
});

Deno.test("FlatPlan: each passthrough route has its upstream", () => {
  const plan = makeFlatPlan();
  const upstream = plan.upstream(1);
  assert.deepEqual([upstream.count, upstream.algorithm], [2, "least_conn"]);
  assert.deepEqual([0, 1].map((position) => upstream.weight(position)), [3, 1]);
  assert.deepEqual([0, 1].map((position) => upstream.isBackup(position)), [false, true]);
  assert.equal(plan.upstream(1), upstream, "made once");
  assert.deepEqual([0, 2].map((route) => plan.serverCount(route)), [0, 0]);
});

Deno.test("FlatPlan: turns are taken in order by all who share it", () => {
  const { table } = makePlan([{ hosts: ["a.example"], servers: [1] }, {
    hosts: ["b.example"],
    servers: [1],
  }]);
  const memory = encode(table.matches);
  const [one, other] = [new FlatPlan(memory, cells.memory), new FlatPlan(memory, cells.memory)];
  const turns = [one, other, one, other].map((plan) => plan.upstream(0).takeTurn());
  // Of weights 3 and 1: one round.
  assert.deepEqual(turns.toSorted(), [0, 0, 0, 1]);
  assert.equal(turns[0], one.upstream(1).takeTurn(), "another route has turns of its own");
});

Deno.test("FlatPlan: connections are counted for all who share it", () => {
  const { table } = makePlan([{ hosts: ["a.example"], servers: [1] }]);
  const memory = encode(table.matches);
  const [one, other] = [new FlatPlan(memory, cells.memory), new FlatPlan(memory, cells.memory)];
  one.addOpen(one.upstream(0).openCell(1), 2);
  assert.deepEqual([0, 1].map((position) => other.upstream(0).open(position)), [0, 2]);
  other.addOpen(UPSTREAM.members[1].openCell, -2);
  assert.equal(one.upstream(0).open(1), 0);
});

Deno.test("FlatPlan: each place has a cell of its own, empty at first", () => {
  const plan = makeFlatPlan();
  const places = [PLAIN_HTTP_PLACE, ...[0, 1, 2, 3].map(placeOf)];
  const cells = places.map((place) => plan.terminatorCell(place));
  assert.equal(new Set(cells).size, 5);
  assert.ok(cells.every((cell) => plan.cells[cell] === 0));
  for (const cell of cells) plan.cells[cell] = -1;
  assert.deepEqual([0, 1, 2, 3].map((match) => plan.routeOf(placeOf(match))), [0, 0, 1, 2]);
});

Deno.test("FlatPlan: of no route at all has the place of port 80", () => {
  const plan = new FlatPlan(encode([]), cells.memory);
  assert.equal(plan.cells[plan.terminatorCell(PLAIN_HTTP_PLACE)], 0);
});
