/**
 * What is measured of offloaded hosts: proxies that terminate TLS with the same certificate in front of
 * the same servers. Goals are shares of what peers need in the same rounds.
 *
 * @module
 */
import { HUGE_FILE_BYTES, LARGE_FILE_BYTES } from "./backends.ts";
import { runH2load, runHandshakes, runLargeUploads } from "./h2load_load.ts";
import { runHttpsLoad } from "./https_load.ts";
import { type Measure, measureCpu } from "./measure.ts";
import {
  CLIENTS,
  takeGrowthMib,
  takeIdleClientKib,
  takeLatencyAtHalfLoad,
  takeRequestsPerSecond,
} from "./take_offload_figure.ts";

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;

/**
 * A client takes three descriptors of a proxy in two hops, of which 20,000 are the limit of many a
 * container.
 */
const IDLE_CLIENTS_H1 = 6_000;
const IDLE_CLIENTS_H2 = 2_000;

const PROTOCOLS = [
  { protocol: "http/1.1", words: "HTTP/1.1", suffix: "h1" },
  { protocol: "h2", words: "HTTP/2", suffix: "h2" },
] as const;

const REQUESTS: readonly Measure[] = [
  measureCpu({
    id: "offload-requests-h1",
    plane: "offload",
    title: "small answers, HTTP/1.1, 32 connections kept open",
    unit: "CPU us per request",
    unitsPerMs: 1_000,
    amount: 30_000,
    goals: [
      { of: "postern", to: "caddy", most: 0.5 },
      { of: "postern", to: "nginx", most: 1.5 },
    ],
    load: async (proxy, count) => {
      await runH2load(proxy, { protocol: "http/1.1", count, connections: CLIENTS });
    },
  }),
  measureCpu({
    id: "offload-requests-h2",
    plane: "offload",
    title: "small answers, HTTP/2, 8 connections kept open, 4 streams each",
    unit: "CPU us per request",
    unitsPerMs: 1_000,
    amount: 30_000,
    goals: [
      { of: "postern", to: "caddy", most: 0.5 },
      { of: "postern", to: "nginx", most: 2 },
    ],
    load: async (proxy, count) => {
      await runH2load(proxy, { protocol: "h2", count, connections: 8, streams: 4 });
    },
  }),
  ...PROTOCOLS.map(({ protocol, words, suffix }): Measure => ({
    id: `offload-throughput-${suffix}`,
    plane: "offload",
    title: `small answers, ${words}, 32 clients, the proxy on one core; wall time, more is better`,
    unit: "requests per s",
    amount: 20_000,
    goals: [{ of: "postern", to: "caddy", least: 1 }],
    freshProxy: false,
    take: (proxy, count) => takeRequestsPerSecond(proxy, { protocol, count }),
  })),
  {
    id: "offload-latency-h1",
    plane: "offload",
    title:
      "p99 of an open loop at half of the proxy's own maximum, HTTP/1.1, on one core; wall time",
    unit: "ms",
    amount: 12,
    goals: [{ of: "postern", to: "caddy", most: 1 }],
    freshProxy: false,
    take: takeLatencyAtHalfLoad,
  },
];

const CONNECTIONS: readonly Measure[] = [
  ...PROTOCOLS.map(({ protocol, words, suffix }) =>
    measureCpu({
      id: `offload-handshakes-${suffix}`,
      plane: "offload",
      title: `connect, full TLS handshake, one small answer over ${words}, close; 32 at once`,
      unit: "CPU us per connection",
      unitsPerMs: 1_000,
      amount: 1_024,
      goals: [{ of: "postern", to: "nginx", most: 1.3 }],
      load: (proxy, count) => runHandshakes(proxy, { protocol, count }),
    })
  ),
  measureCpu({
    id: "offload-websocket",
    plane: "offload",
    title: "WebSocket messages of 100 bytes there and back on 64 open connections",
    unit: "CPU us per round trip",
    unitsPerMs: 1_000,
    amount: 40_000,
    goals: [{ of: "postern", to: "nginx", most: 1.5 }],
    load: async (proxy, amount) => {
      await runHttpsLoad(proxy, { load: "websocket", backend: "websocket", amount });
    },
  }),
  ...PROTOCOLS.map(({ words, suffix }): Measure => ({
    id: `offload-idle-${suffix}`,
    plane: "offload",
    title: `keep-alive clients over ${words}, each served once`,
    unit: "KiB per client",
    amount: suffix === "h1" ? IDLE_CLIENTS_H1 : IDLE_CLIENTS_H2,
    goals: [],
    freshProxy: true,
    roundsMax: 1,
    take: (proxy, amount) => takeIdleClientKib(proxy, { load: `idle-${suffix}`, amount }),
  })),
];

const BODIES: readonly Measure[] = [
  ...PROTOCOLS.flatMap(({ protocol, words, suffix }) => [
    measureCpu({
      id: `offload-download-${suffix}`,
      plane: "offload",
      title: `answers of 64 MiB over ${words}, 4 connections`,
      unit: "CPU s per GiB",
      unitsPerMs: GIB / LARGE_FILE_BYTES / 1_000,
      amount: 12,
      goals: [{ of: "postern", to: "nginx", most: 1.2 }],
      load: async (proxy, count) => {
        await runH2load(proxy, { protocol, count, connections: 4, path: "/large" });
      },
    }),
    measureCpu({
      id: `offload-upload-${suffix}`,
      plane: "offload",
      title: `requests with a body of 64 MiB over ${words}, 4 connections`,
      unit: "CPU s per GiB",
      unitsPerMs: GIB / LARGE_FILE_BYTES / 1_000,
      amount: 12,
      goals: [{ of: "postern", to: "nginx", most: 1.2 }],
      load: (proxy, count) => runLargeUploads(proxy, { protocol, count }),
    }),
  ]),
  ...(["download", "upload"] as const).flatMap((direction) =>
    PROTOCOLS.map(({ protocol, words, suffix }): Measure => ({
      id: `offload-memory-${direction}-${suffix}`,
      plane: "offload",
      title: `growth of memory during one ${direction} of 5 GiB over ${words}`,
      unit: "MiB",
      amount: HUGE_FILE_BYTES / MIB,
      goals: [{ of: "postern", most: 64 }],
      freshProxy: true,
      roundsMax: 1,
      take: (proxy, mibCount) =>
        takeGrowthMib(proxy, { protocol, direction, byteCount: mibCount * MIB }),
    }))
  ),
];

/** Every measure of the offload plane, in the order in which they run. */
export const OFFLOAD_MEASURES: readonly Measure[] = [...REQUESTS, ...CONNECTIONS, ...BODIES];
