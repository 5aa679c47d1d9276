/**
 * What a worker tells the main isolate, message by message: written into the ring on one side, read as
 * objects on the other. Pure but for the ring.
 *
 * @module
 */
import type { Endpoint } from "../../base/addresses.ts";
import { decodeIpAddress, SOCKADDR_IN6_BYTES } from "../../linux/socket_address.ts";
import type { ConnectionEnd } from "../relay_engine.ts";
import type { Connection } from "./connection.ts";
import type { ReportReader, ReportWriter } from "./report_ring.ts";

/** How a server failed, see `FAILURES` in lib/base. */
export const SERVER_FAILURES = [
  "upstream_unresolved",
  "upstream_refused",
  "upstream_connect_timeout",
  "upstream_closed",
  "upstream_timeout",
  "exhausted",
  // Of this engine alone: no other one has clients' addresses as source.
  "source_mismatch",
] as const;

/** One of {@linkcode SERVER_FAILURES}. */
export type ServerFailure = typeof SERVER_FAILURES[number];

/** What a worker tells. */
export type Report =
  | ConnectionReport
  | {
    readonly kind: "server_failed";
    readonly serverId: number;
    readonly failure: ServerFailure;
    readonly errno: number;
  }
  | { readonly kind: "accept_failed"; readonly errno: number }
  /** Connections wait for this terminator. */
  | {
    readonly kind: "terminator_wanted";
    readonly planId: number;
    readonly place: number;
  }
  /** A retired slot has no connections any more. */
  | { readonly kind: "slot_unused"; readonly slot: number }
  /** Something that a person should read: a hop that failed, a defect. */
  | {
    readonly kind: "complaint";
    readonly sentence: string;
    readonly client: Endpoint;
    readonly error: string;
  };

/** A connection that has ended. */
export interface ConnectionReport {
  readonly kind: "connection";
  readonly client: Endpoint;
  readonly serverName: string | undefined;
  readonly routeIndex: number;
  /** -1 if there was none. */
  readonly serverId: number;
  /** 0 if there was no hop. */
  readonly hopPort: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly durationMs: number;
  readonly end: ConnectionEnd;
  readonly reason: string | undefined;
}

const CONNECTION = 1;
const SERVER_FAILED = 2;
const ACCEPT_FAILED = 3;
const TERMINATOR_WANTED = 4;
const SLOT_UNUSED = 5;
const COMPLAINT = 6;

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

/** Characters of a text in a report; a longer one is cut. */
const TEXT_MAX = 400;

/** Nobody knows where it comes from: the address of a socket that is gone. */
const UNKNOWN: Endpoint = { ip: "0.0.0.0", port: 0 };

/** Reports the end of a connection. @param peers Client addresses, by row. */
export function reportConnection(
  writer: ReportWriter,
  connection: Connection,
  options: { peers: Uint8Array; end: ConnectionEnd; nowMs: number },
): void {
  const { serverName, plan, route } = connection;
  writer.begin(CONNECTION, SOCKADDR_IN6_BYTES + 12 * 8 + (serverName?.length ?? 0) + TEXT_MAX);
  writer.raw(options.peers, connection.row * SOCKADDR_IN6_BYTES, SOCKADDR_IN6_BYTES);
  writer.int(serverName === undefined ? 0 : 1);
  writer.latin1(serverName ?? "");
  writer.int(route < 0 || plan === undefined ? -1 : plan.decisions.routeIndex(route));
  writer.int(
    connection.server < 0 || plan === undefined ? -1 : plan.decisions.serverId(connection.server),
  );
  writer.int(connection.hopPort);
  writer.float(connection.client.bytes);
  writer.float(connection.upstream.bytes);
  writer.float(options.nowMs - connection.startedAt);
  writer.int(ENDS.indexOf(options.end));
  writer.latin1(cut(connection.reason));
  writer.end();
}

/** Reports a server that could not be reached. */
export function reportServerFailed(
  writer: ReportWriter,
  serverId: number,
  failure: ServerFailure,
  errno: number,
): void {
  writer.begin(SERVER_FAILED, 12);
  writer.int(serverId);
  writer.int(SERVER_FAILURES.indexOf(failure));
  writer.int(errno);
  writer.end();
}

/** Reports that nothing can be accepted. */
export function reportAcceptFailed(writer: ReportWriter, errno: number): void {
  writer.begin(ACCEPT_FAILED, 4);
  writer.int(errno);
  writer.end();
}

/** Asks for a terminator. */
export function reportTerminatorWanted(
  writer: ReportWriter,
  planId: number,
  place: number,
): void {
  writer.begin(TERMINATOR_WANTED, 8);
  writer.int(planId);
  writer.int(place);
  writer.end();
}

/** Reports a retired slot without connections. */
export function reportSlotUnused(writer: ReportWriter, slot: number): void {
  writer.begin(SLOT_UNUSED, 4);
  writer.int(slot);
  writer.end();
}

/** Reports what a person should read. @param row Of the connection it is about. */
export function reportComplaint(
  writer: ReportWriter,
  complaint: { sentence: string; error: string; peers: Uint8Array; row: number },
): void {
  writer.begin(COMPLAINT, SOCKADDR_IN6_BYTES + 8 + 2 * TEXT_MAX);
  writer.raw(complaint.peers, complaint.row * SOCKADDR_IN6_BYTES, SOCKADDR_IN6_BYTES);
  writer.latin1(cut(complaint.sentence));
  writer.latin1(cut(complaint.error));
  writer.end();
}

/** Reads the next report; undefined if there is none. */
export function readReport(reader: ReportReader): Report | undefined {
  const kind = reader.next();
  if (kind === undefined) return undefined;
  const report = readFields(reader, kind);
  reader.done();
  return report;
}

function readFields(reader: ReportReader, kind: number): Report {
  switch (kind) {
    case CONNECTION:
      return readConnection(reader);
    case SERVER_FAILED: {
      const serverId = reader.int();
      const failure = SERVER_FAILURES[reader.int()];
      return { kind: "server_failed", serverId, failure, errno: reader.int() };
    }
    case ACCEPT_FAILED:
      return { kind: "accept_failed", errno: reader.int() };
    case TERMINATOR_WANTED: {
      const planId = reader.int();
      return { kind: "terminator_wanted", planId, place: reader.int() };
    }
    case SLOT_UNUSED:
      return { kind: "slot_unused", slot: reader.int() };
    default: {
      const client = readClient(reader);
      const sentence = reader.latin1();
      return { kind: "complaint", sentence, client, error: reader.latin1() };
    }
  }
}

function readConnection(reader: ReportReader): ConnectionReport {
  const client = readClient(reader);
  const hasServerName = reader.int() === 1;
  const serverName = reader.latin1();
  return {
    kind: "connection",
    client,
    serverName: hasServerName ? serverName : undefined,
    routeIndex: reader.int(),
    serverId: reader.int(),
    hopPort: reader.int(),
    bytesUp: reader.float(),
    bytesDown: reader.float(),
    durationMs: reader.float(),
    end: ENDS[reader.int()],
    reason: reader.latin1() || undefined,
  };
}

function readClient(reader: ReportReader): Endpoint {
  return decodeIpAddress(reader.raw(SOCKADDR_IN6_BYTES)) ?? UNKNOWN;
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : text.slice(0, TEXT_MAX);
}
