/**
 * What is measured, in which unit, with how much load and to which end. A new measure is a new entry
 * here. Does I/O when one is taken.
 *
 * @module
 */
import { LARGE_FILE_BYTES } from "./backends.ts";
import type { Goal } from "./goals.ts";
import { runH2load, runHandshakes } from "./h2load_load.ts";
import type { Plane, Proxy } from "./proxies/proxy.ts";
import { runStreamLoad } from "./stream_load.ts";
import {
  takeCpuMs,
  takeIdleKib,
  takeReloadMs,
  takeReloadPauseMs,
  takeResidentMb,
  takeUpdateMs,
} from "./take_figure.ts";

/** One figure that proxies are compared by; less is better. */
export interface Measure {
  readonly id: string;
  readonly plane: Plane;
  /** What one round consists of. */
  readonly title: string;
  readonly unit: string;
  /** Load of one round in full mode, a whole number: enough for a second of CPU of most proxies. */
  readonly amount: number;
  readonly goals: readonly Goal[];
  /** Whether each round needs a proxy that has done nothing before, for memory it may have kept. */
  readonly freshProxy: boolean;
  /**
   * Puts an amount of load on a proxy and returns the figure.
   *
   * @throws {Error} If not everything was served.
   */
  take(proxy: Proxy, amount: number): Promise<number>;
}

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;

/** 10,000 less what else a proxy has open: 20,000 descriptors are the limit of many a container. */
const IDLE_CONNECTIONS = 9_900;

const PASSTHROUGH: readonly Measure[] = [
  measureCpu({
    id: "passthrough-bytes",
    plane: "passthrough",
    title: "bulk data, half up and half down, 4 connections",
    unit: "CPU s per GiB",
    unitsPerMs: GIB / MIB / 1_000,
    amount: 2 * GIB / MIB,
    goals: [
      { of: "postern", to: "nginx", most: 0.5 },
      { of: "postern", to: "haproxy", most: 0.4 },
      { of: "portable", most: 0.9 },
    ],
    load: (proxy, mibCount) => runStreamLoad("bytes", proxy, mibCount * MIB),
  }),
  measureCpu({
    id: "passthrough-connections",
    plane: "passthrough",
    title: "connect, ClientHello, 4 bytes there and back, close; 32 at once",
    unit: "CPU us per connection",
    unitsPerMs: 1_000,
    amount: 12_000,
    goals: [
      { of: "postern", to: "nginx", most: 1.15 },
      { of: "postern", to: "haproxy", most: 1 },
      { of: "portable", most: 140 },
    ],
    load: (proxy, count) => runStreamLoad("connections", proxy, count),
  }),
  measureCpu({
    id: "passthrough-round-trips",
    plane: "passthrough",
    title: "1 KiB there and back on 64 open connections",
    unit: "CPU us per round trip",
    unitsPerMs: 1_000,
    amount: 80_000,
    goals: [{ of: "postern", to: "nginx", most: 1.1 }],
    load: (proxy, count) => runStreamLoad("round-trips", proxy, count),
  }),
  {
    id: "passthrough-idle",
    plane: "passthrough",
    title: "9,900 open connections, each used once",
    unit: "KiB per connection",
    amount: IDLE_CONNECTIONS,
    goals: [{ of: "postern", most: 1 }],
    freshProxy: true,
    take: takeIdleKib,
  },
  {
    id: "passthrough-start",
    plane: "passthrough",
    title: "resident memory after the start, nothing connected",
    unit: "MB",
    amount: 1,
    goals: [{ of: "postern", most: 80 }],
    freshProxy: true,
    take: takeResidentMb,
  },
];

const TABLE: readonly Measure[] = [
  measureCpu({
    id: "table-connections",
    plane: "table",
    title: "connections as above, to the names of tables with 10 and with 100,000 hosts",
    unit: "CPU us per connection",
    unitsPerMs: 1_000,
    amount: 12_000,
    goals: [{ of: "postern-100k", to: "postern", most: 1.05 }],
    load: (proxy, count) => runStreamLoad("table-connections", proxy, count),
  }),
  {
    id: "table-update",
    plane: "update",
    title: "from a configuration of 100,000 hosts that has been read to its use; wall time",
    unit: "ms",
    amount: 1,
    goals: [{ of: "postern-100k", most: 500 }],
    freshProxy: false,
    take: takeUpdateMs,
  },
  {
    id: "table-reload",
    plane: "update",
    title: "SIGHUP to the new table in use, 100,000 hosts; wall time, reading the file included",
    unit: "ms",
    amount: 1,
    goals: [],
    freshProxy: false,
    take: takeReloadMs,
  },
  {
    id: "table-reload-pause",
    plane: "update",
    title: "the longest round trip on an open connection meanwhile; wall time",
    unit: "ms",
    amount: 1,
    goals: [{ of: "postern-100k", most: 20 }],
    freshProxy: false,
    take: takeReloadPauseMs,
  },
];

const OFFLOAD: readonly Measure[] = [
  measureCpu({
    id: "offload-requests-h1",
    plane: "offload",
    title: "small answers, HTTP/1.1, 32 connections kept open",
    unit: "CPU us per request",
    unitsPerMs: 1_000,
    amount: 50_000,
    goals: [{ of: "postern", most: 40 }],
    load: (proxy, count) => runH2load(proxy, { protocol: "http/1.1", count, connections: 32 }),
  }),
  measureCpu({
    id: "offload-requests-h2",
    plane: "offload",
    title: "small answers, HTTP/2, 8 connections kept open, 4 streams each",
    unit: "CPU us per request",
    unitsPerMs: 1_000,
    amount: 50_000,
    goals: [{ of: "postern", most: 40 }],
    load: (proxy, count) => runH2load(proxy, { protocol: "h2", count, connections: 8, streams: 4 }),
  }),
  measureCpu({
    id: "offload-handshakes",
    plane: "offload",
    title: "connect, full TLS handshake, one small answer over HTTP/2, close; 32 at once",
    unit: "CPU us per connection",
    unitsPerMs: 1_000,
    amount: 2_048,
    goals: [],
    load: runHandshakes,
  }),
  ...(["http/1.1", "h2"] as const).map((protocol) =>
    measureCpu({
      id: protocol === "h2" ? "offload-download-h2" : "offload-download-h1",
      plane: "offload",
      title: `answers of 64 MiB over ${protocol === "h2" ? "HTTP/2" : "HTTP/1.1"}, 4 connections`,
      unit: "CPU s per GiB",
      unitsPerMs: GIB / LARGE_FILE_BYTES / 1_000,
      amount: 20,
      goals: [],
      load: (proxy, count) => runH2load(proxy, { protocol, count, connections: 4, path: "/large" }),
    })
  ),
];

/** Every measure, in the order in which they run. */
export const MEASURES: readonly Measure[] = [...PASSTHROUGH, ...TABLE, ...OFFLOAD];

/** What a measure of CPU consists of. */
interface CpuMeasure extends Omit<Measure, "take" | "freshProxy"> {
  /** What one millisecond is in the unit. */
  readonly unitsPerMs: number;
  load(proxy: Proxy, amount: number): Promise<void>;
}

function measureCpu({ unitsPerMs, load, ...measure }: CpuMeasure): Measure {
  return {
    ...measure,
    freshProxy: false,
    take: async (proxy, amount) =>
      await takeCpuMs(proxy, () => load(proxy, amount)) * unitsPerMs / amount,
  };
}
