/**
 * The ways to get a figure of an offloading proxy that is not CPU time: throughput, latency, memory of
 * idle clients and of large bodies. Does I/O.
 *
 * @module
 */
import { type H2loadOptions, runH2load } from "./h2load_load.ts";
import {
  type HttpsLoad,
  type HugeTransfer,
  runHttpsLoad,
  runHugeTransfer,
  startHttpsLoad,
} from "./https_load.ts";
import { besideProxy, keepOnOneCore } from "./one_core.ts";
import { readProportionalKib, readSettledCpuMs } from "./process_usage.ts";
import type { Proxy } from "./proxies/proxy.ts";
import { median } from "./statistics.ts";
import { restAfterStart } from "./take_figure.ts";

/** Clients of the measures of throughput and latency. */
export const CLIENTS = 32;

/** Clients that exist before memory is first looked at: code is compiled and pools are filled. */
const IDLE_WARM_UP = 500;

/**
 * Requests per second that the open loop and the backend, beside each other on the other core, are far
 * from being busy with: a faster proxy's latency would be theirs.
 */
const RATE_MAX = 5_000;

/** Requests that show how many per second a proxy can serve: a second or two. */
const MAXIMUM_COUNT = 15_000;

/** Small requests before memory is first looked at: what is left is the growth with the body. */
const GROWTH_WARM_UP = 200;

/** How often a proxy's memory is looked at during a transfer. */
const SAMPLE_MS = 200;

/** Returns the requests per second that a proxy on one core serves to 32 clients. */
export async function takeRequestsPerSecond(
  proxy: Proxy,
  options: Pick<H2loadOptions, "protocol" | "count">,
): Promise<number> {
  await keepOnOneCore(proxy.pid);
  const load = { ...options, connections: CLIENTS, startedBy: besideProxy() };
  return (await runH2load(proxy, load)).requestsPerSecond;
}

/**
 * Returns the milliseconds of the 99th percentile at half of what the proxy can serve at most: the median
 * of those of as many windows of half a second.
 */
export async function takeLatencyAtHalfLoad(proxy: Proxy, windows: number): Promise<number> {
  const options = { protocol: "http/1.1", count: MAXIMUM_COUNT } as const;
  const rate = Math.min(RATE_MAX, await takeRequestsPerSecond(proxy, options) / 2);
  const output = await runHttpsLoad(proxy, {
    load: "open-loop",
    backend: "http",
    amount: windows,
    rate,
    startedBy: besideProxy(),
  });
  const latencies = output.match(/(?<=\bp99 )[\d.]+$/gm);
  if (latencies === null) throw new Error(`No latency was printed: ${output}`);
  return median(latencies.map(Number));
}

/** Returns the KiB that each of `amount` idle keep-alive clients adds to the proxy's memory. */
export async function takeIdleClientKib(
  proxy: Proxy,
  options: { readonly load: "idle-h1" | "idle-h2"; readonly amount: number },
): Promise<number> {
  const load: HttpsLoad = { ...options, backend: "http" };
  await restAfterStart();
  {
    await using _warmUp = await startHttpsLoad(proxy, { ...load, amount: IDLE_WARM_UP });
  }
  await readSettledCpuMs(proxy.pid);
  const before = await readProportionalKib(proxy.pid);
  await using _client = await startHttpsLoad(proxy, load);
  await readSettledCpuMs(proxy.pid);
  return (await readProportionalKib(proxy.pid) - before) / options.amount;
}

/** Returns the MiB by which a proxy's memory, files aside, is larger at its peak during one transfer. */
export async function takeGrowthMib(proxy: Proxy, transfer: HugeTransfer): Promise<number> {
  const { protocol } = transfer;
  await restAfterStart();
  await runH2load(proxy, { protocol, count: GROWTH_WARM_UP, connections: 1 });
  await readSettledCpuMs(proxy.pid);
  const before = await readProportionalKib(proxy.pid);
  let peak = before;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      peak = Math.max(peak, await readProportionalKib(proxy.pid));
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  })();
  try {
    await runHugeTransfer(proxy, transfer);
  } finally {
    isOver = true;
    await watching;
  }
  return (peak - before) / 1024;
}
