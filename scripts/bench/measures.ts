/**
 * What is measured, in which unit, with how much load and to which end. A new measure is a new entry
 * here. Does I/O.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { requireInstalled } from "../../tests/support/installed.ts";
import { startProcess } from "../../tests/support/process.ts";
import { LARGE_FILE_BYTES } from "./backends.ts";
import { parseH2loadReport } from "./h2load_report.ts";
import { readResidentKib, readSettledCpuMs } from "./process_usage.ts";
import { OFFLOAD_HOSTNAME, type Plane, type Proxy } from "./proxies/proxy.ts";
import { runToEnd } from "./run_to_end.ts";

/** One figure that proxies are compared by; less is better. */
export interface Measure {
  readonly id: string;
  readonly plane: Plane;
  /** What one round consists of. */
  readonly title: string;
  readonly unit: string;
  /** Load of one round in full mode, a whole number: enough for a second of CPU of most proxies. */
  readonly amount: number;
  /** In the unit, for Postern; undefined if none has been set. */
  readonly goal: number | undefined;
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

const STREAM_CLIENT = fileURLToPath(new URL("./load/stream_client.ts", import.meta.url));

/** Connections of one h2load in `offload-handshakes`; all of them open at once. */
const HANDSHAKES_AT_ONCE = 32;

/** Connections that exist before memory is first looked at: code is compiled and pools are filled. */
const IDLE_WARM_UP = 200;

/** Every measure, in the order in which they run. */
export const MEASURES: readonly Measure[] = [
  measureCpu({
    id: "passthrough-bytes",
    plane: "passthrough",
    title: "bulk data, half up and half down, 4 connections",
    unit: "CPU s per GiB",
    unitsPerMs: GIB / MIB / 1_000,
    amount: 2 * GIB / MIB,
    goal: 0.9,
    load: (proxy, mibCount) => runStreamClient("bytes", proxy, mibCount * MIB),
  }),
  measureCpu({
    id: "passthrough-connections",
    plane: "passthrough",
    title: "connect, ClientHello, 4 bytes there and back, close; 32 at once",
    unit: "CPU us per connection",
    unitsPerMs: 1_000,
    amount: 12_000,
    goal: 140,
    load: (proxy, count) => runStreamClient("connections", proxy, count),
  }),
  measureCpu({
    id: "passthrough-round-trips",
    plane: "passthrough",
    title: "1 KiB there and back on 64 open connections",
    unit: "CPU us per round trip",
    unitsPerMs: 1_000,
    amount: 80_000,
    goal: undefined,
    load: (proxy, count) => runStreamClient("round-trips", proxy, count),
  }),
  {
    id: "passthrough-idle",
    plane: "passthrough",
    title: "2,000 open connections, each used once",
    unit: "KiB per connection",
    amount: 2_000,
    goal: undefined,
    freshProxy: true,
    take: measureIdle,
  },
  measureCpu({
    id: "offload-requests-h1",
    plane: "offload",
    title: "small answers, HTTP/1.1, 32 connections kept open",
    unit: "CPU us per request",
    unitsPerMs: 1_000,
    amount: 50_000,
    goal: 40,
    load: (proxy, count) => runH2load(proxy, { protocol: "http/1.1", count, connections: 32 }),
  }),
  measureCpu({
    id: "offload-requests-h2",
    plane: "offload",
    title: "small answers, HTTP/2, 8 connections kept open, 4 streams each",
    unit: "CPU us per request",
    unitsPerMs: 1_000,
    amount: 50_000,
    goal: 40,
    load: (proxy, count) => runH2load(proxy, { protocol: "h2", count, connections: 8, streams: 4 }),
  }),
  measureCpu({
    id: "offload-handshakes",
    plane: "offload",
    title: "connect, full TLS handshake, one small answer over HTTP/2, close; 32 at once",
    unit: "CPU us per connection",
    unitsPerMs: 1_000,
    amount: 2_048,
    goal: undefined,
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
      goal: undefined,
      load: (proxy, count) => runH2load(proxy, { protocol, count, connections: 4, path: "/large" }),
    })
  ),
];

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
    async take(proxy, amount) {
      const before = await readSettledCpuMs(proxy.pid);
      await load(proxy, amount);
      const after = await readSettledCpuMs(proxy.pid);
      return (after - before) * unitsPerMs / amount;
    },
  };
}

async function measureIdle(proxy: Proxy, amount: number): Promise<number> {
  await runStreamClient("connections", proxy, IDLE_WARM_UP);
  await readSettledCpuMs(proxy.pid);
  const before = await readResidentKib(proxy.pid);
  await using _client = await startProcess(
    Deno.execPath(),
    streamClientArgs("idle", proxy, amount),
    { readyLine: /^holding$/, readyTimeoutMs: 60_000 },
  );
  await readSettledCpuMs(proxy.pid);
  return (await readResidentKib(proxy.pid) - before) / amount;
}

async function runStreamClient(load: string, proxy: Proxy, amount: number): Promise<void> {
  await runToEnd(Deno.execPath(), streamClientArgs(load, proxy, amount));
}

function streamClientArgs(load: string, { port }: Proxy, amount: number): string[] {
  const permissions = ["--no-prompt", "--allow-net=127.0.0.1"];
  return ["run", "--quiet", ...permissions, STREAM_CLIENT, load, `${port}`, `${amount}`];
}

interface H2loadOptions {
  readonly protocol: "http/1.1" | "h2";
  readonly count: number;
  readonly connections: number;
  /** At once on each connection. Default 1. */
  readonly streams?: number;
  /** Default `/`. */
  readonly path?: string;
}

async function runH2load({ port }: Proxy, options: H2loadOptions): Promise<void> {
  const { protocol, count, connections, streams = 1, path = "/" } = options;
  const output = await runToEnd(requireInstalled("h2load"), [
    `--npn-list=${protocol}`,
    `--requests=${count}`,
    `--clients=${Math.min(connections, count)}`,
    `--max-concurrent-streams=${streams}`,
    `--connect-to=127.0.0.1:${port}`,
    `https://${OFFLOAD_HOSTNAME}:${port}${path}`,
  ]);
  const report = parseH2loadReport(output);
  const isWhole = report.answers2xx === count && report.requestsSucceeded === count;
  if (!isWhole || report.applicationProtocol !== protocol) {
    throw new Error(`Not ${count} answers over ${protocol}:\n${output.trim()}`);
  }
}

/** One run of h2load per batch: its clients never take a session up again, and connect all at once. */
async function runHandshakes(proxy: Proxy, amount: number): Promise<void> {
  for (let left = amount; left > 0; left -= HANDSHAKES_AT_ONCE) {
    const count = Math.min(left, HANDSHAKES_AT_ONCE);
    await runH2load(proxy, { protocol: "h2", count, connections: count });
  }
}
