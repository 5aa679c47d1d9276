import assert from "node:assert/strict";
import { encodeIpAddress, SOCKADDR_IN6_BYTES } from "../../../lib/linux/socket_address.ts";
import type { ConnectionEnd } from "../../../lib/relay/relay_engine.ts";
import { Connection } from "../../../lib/relay/splice/connection.ts";
import { allocateRing, ReportReader, ReportWriter } from "../../../lib/relay/splice/report_ring.ts";
import {
  readReport,
  type Report,
  reportAcceptFailed,
  reportComplaint,
  reportConnection,
  reportServerFailed,
  reportSlotUnused,
  reportTerminatorWanted,
  SERVER_FAILURES,
} from "../../../lib/relay/splice/reports.ts";
import type { WorkerPlan } from "../../../lib/relay/splice/worker_plan.ts";

/** The row that every test is about: not the first one. */
const ROW = 2;

/** What the plan makes of the numbers of a route and a server. */
const PLAN = {
  decisions: {
    routeIndex: (route: number) => route + 10,
    serverId: (server: number) => server + 20,
  },
} as unknown as WorkerPlan;

/** What a connection without anything is reported as. */
const EMPTY = {
  kind: "connection",
  serverName: undefined,
  routeIndex: -1,
  serverId: -1,
  hopPort: 0,
  bytesUp: 0,
  bytesDown: 0,
  durationMs: 500,
  end: "closed",
  reason: undefined,
};

function makePeers(ip = "192.0.2.7", port = 40_000): Uint8Array {
  const peers = new Uint8Array((ROW + 1) * SOCKADDR_IN6_BYTES);
  peers.set(encodeIpAddress(ip, port)!, ROW * SOCKADDR_IN6_BYTES);
  return peers;
}

/** Writes and reads back. */
function pass(write: (writer: ReportWriter) => void): Report {
  const memory = allocateRing(8_192);
  write(new ReportWriter(memory));
  const reader = new ReportReader(memory);
  const report = readReport(reader);
  assert.ok(report);
  assert.equal(readReport(reader), undefined, "its room is given back");
  assert.equal(reader.takeLost(), 0);
  return report;
}

function passConnection(
  fields: Partial<Connection>,
  options: { peers?: Uint8Array; end?: ConnectionEnd } = {},
): Report {
  const { peers = makePeers(), end = "closed" } = options;
  const connection = Object.assign(new Connection(ROW), { startedAt: 1_000, ...fields });
  return pass((writer) => reportConnection(writer, connection, { peers, end, nowMs: 1_500 }));
}

Deno.test("reportConnection: everything that is known of it", () => {
  const connection = new Connection(ROW);
  connection.client.bytes = 2 ** 40 + 1;
  connection.upstream.bytes = 5;
  const { client, upstream } = connection;
  const report = passConnection({
    client,
    upstream,
    plan: PLAN,
    route: 1,
    server: 2,
    hopPort: 8_443,
    serverName: "app.example",
    reason: "why",
  }, { end: "upstream_reset" });
  assert.deepEqual(report, {
    kind: "connection",
    client: { ip: "192.0.2.7", port: 40_000 },
    serverName: "app.example",
    routeIndex: 11,
    serverId: 22,
    hopPort: 8_443,
    bytesUp: 2 ** 40 + 1,
    bytesDown: 5,
    durationMs: 500,
    end: "upstream_reset",
    reason: "why",
  });
});

Deno.test("reportConnection: nothing is known of one that said nothing", () => {
  const client = { ip: "192.0.2.7", port: 40_000 };
  assert.deepEqual(passConnection({}), { ...EMPTY, client });
  assert.deepEqual(passConnection({ plan: PLAN }), { ...EMPTY, client });
});

const CLIENTS: readonly [ip: string, seen: string][] = [
  ["198.51.100.1", "198.51.100.1"],
  ["2001:db8::1", "2001:db8::1"],
  ["::ffff:198.51.100.1", "198.51.100.1"],
];

for (const [ip, seen] of CLIENTS) {
  Deno.test(`reportConnection: a client from ${ip} is ${seen}`, () => {
    const report = passConnection({}, { peers: makePeers(ip, 1) });
    assert.deepEqual(report, { ...EMPTY, client: { ip: seen, port: 1 } });
  });
}

Deno.test("reportConnection: a client whose address is not known is nobody", () => {
  const peers = new Uint8Array((ROW + 1) * SOCKADDR_IN6_BYTES);
  const report = passConnection({}, { peers });
  assert.deepEqual(report, { ...EMPTY, client: { ip: "0.0.0.0", port: 0 } });
});

const ENDS: readonly ConnectionEnd[] = [
  "closed",
  "client_reset",
  "upstream_reset",
  "idle_timeout",
  "request_timeout",
  "refused",
  "upstream_unreachable",
  "client_left",
  "drained",
];

for (const end of ENDS) {
  Deno.test(`reportConnection: the end ${end} arrives as itself`, () => {
    const report = passConnection({}, { end });
    assert.equal(report.kind === "connection" && report.end, end);
  });
}

Deno.test("reportConnection: the longest names arrive whole, and a long reason is cut", () => {
  const serverName = "x".repeat(255);
  const report = passConnection({ serverName, reason: "x".repeat(1_000) });
  assert.ok(report.kind === "connection");
  assert.equal(report.serverName, serverName);
  assert.equal(report.reason, "x".repeat(400));
});

for (const failure of SERVER_FAILURES) {
  Deno.test(`reportServerFailed: ${failure} arrives as itself`, () => {
    const report = pass((writer) => reportServerFailed(writer, 3, failure, 111));
    assert.deepEqual(report, { kind: "server_failed", serverId: 3, failure, errno: 111 });
  });
}

/** Reports of numbers only. */
const SMALL: readonly [expected: Report, write: (writer: ReportWriter) => void][] = [
  [{ kind: "accept_failed", errno: 24 }, (writer) => reportAcceptFailed(writer, 24)],
  [{ kind: "slot_unused", slot: 5 }, (writer) => reportSlotUnused(writer, 5)],
  [
    { kind: "terminator_wanted", planId: 1, place: 2 },
    (writer) => reportTerminatorWanted(writer, 1, 2),
  ],
];

for (const [expected, write] of SMALL) {
  Deno.test(`reports: ${JSON.stringify(expected)} arrives unchanged`, () => {
    assert.deepEqual(pass(write), expected);
  });
}

Deno.test("reportComplaint: says what is wrong and whom it is about, in words of some length", () => {
  const report = pass((writer) =>
    reportComplaint(writer, {
      sentence: "Cannot serve",
      error: "é".repeat(500),
      peers: makePeers(),
      row: ROW,
    })
  );
  assert.deepEqual(report, {
    kind: "complaint",
    sentence: "Cannot serve",
    client: { ip: "192.0.2.7", port: 40_000 },
    error: "é".repeat(400),
  });
});

Deno.test("readReport: reports come in order, and one that has no room is counted", () => {
  const memory = allocateRing(4_096);
  const writer = new ReportWriter(memory);
  const reader = new ReportReader(memory);
  const connection = new Connection(ROW);
  const [peers, sent] = [makePeers(), 40];
  for (let hopPort = 0; hopPort < sent; hopPort++) {
    connection.hopPort = hopPort;
    reportConnection(writer, connection, { peers, end: "closed", nowMs: 0 });
  }
  const seen: number[] = [];
  for (let report = readReport(reader); report !== undefined; report = readReport(reader)) {
    if (report.kind === "connection") seen.push(report.hopPort);
  }
  assert.ok(seen.length > 3);
  assert.deepEqual(seen, seen.map((_, index) => index));
  assert.equal(reader.takeLost(), sent - seen.length);
});
