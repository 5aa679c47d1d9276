/**
 * What is measured, in which unit, with how much load and to which end. A new measure is a new entry
 * here, or in `offload_measures.ts`. Does I/O when one is taken.
 *
 * @module
 */
import { type Measure, measureCpu } from "./measure.ts";
import { OFFLOAD_MEASURES } from "./offload_measures.ts";
import { runStreamLoad } from "./stream_load.ts";
import {
  takeIdleKib,
  takeReloadMs,
  takeReloadPauseMs,
  takeResidentMb,
  takeUpdateMs,
} from "./take_figure.ts";

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
    plane: "start",
    title: "resident memory after the start, no offload route, nothing connected",
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

const OFFLOAD_START: Measure = {
  id: "offload-start",
  plane: "offload",
  title: "resident memory after the start, with offload routes, nothing connected",
  unit: "MB",
  amount: 1,
  goals: [],
  freshProxy: true,
  take: takeResidentMb,
};

/** Every measure, in the order in which they run. */
export const MEASURES: readonly Measure[] = [
  ...PASSTHROUGH,
  ...TABLE,
  OFFLOAD_START,
  ...OFFLOAD_MEASURES,
];
