/**
 * The ways to get one figure from a proxy: CPU time of a load, memory, time of a reload. Does I/O.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { readProportionalKib, readResidentKib, readSettledCpuMs } from "./process_usage.ts";
import type { Proxy } from "./proxies/proxy.ts";
import { runToEnd } from "./run_to_end.ts";
import { median } from "./statistics.ts";
import { runStreamLoad, startStreamLoad } from "./stream_load.ts";

const UPDATE_TABLE = fileURLToPath(new URL("./load/update_table.ts", import.meta.url));

/** Connections that exist before memory is first looked at: code is compiled and pools are filled. */
const IDLE_WARM_UP = 2_000;

/** Before this a proxy still does what it does once after its start. */
const START_REST_MS = 2_000;

/** A round trip that a reload has held up ends, and is written down, after the reload. */
const WATCH_REST_MS = 500;

/** Returns the milliseconds of CPU that a load makes the proxy use. */
export async function takeCpuMs(proxy: Proxy, load: () => Promise<void>): Promise<number> {
  const before = await readSettledCpuMs(proxy.pid);
  await load();
  return await readSettledCpuMs(proxy.pid) - before;
}

/** Returns the KiB that each of `amount` idle connections adds to the proxy's memory. */
export async function takeIdleKib(proxy: Proxy, amount: number): Promise<number> {
  await restAfterStart();
  await runStreamLoad("connections", proxy, IDLE_WARM_UP);
  await readSettledCpuMs(proxy.pid);
  const before = await readProportionalKib(proxy.pid);
  await using _client = await startStreamLoad("idle", proxy, { amount, readyLine: /^holding$/ });
  await readSettledCpuMs(proxy.pid);
  return (await readProportionalKib(proxy.pid) - before) / amount;
}

/** Returns the megabytes that lie in memory once a proxy has come to rest after its start. */
export async function takeResidentMb(proxy: Proxy): Promise<number> {
  await restAfterStart();
  await readSettledCpuMs(proxy.pid);
  return await readResidentKib(proxy.pid) * 1024 / 1e6;
}

/**
 * Returns the milliseconds from a configuration that has been read to its use, in a process like the
 * proxy: the median of several.
 */
export async function takeUpdateMs({ name, engine, tableHosts }: Proxy): Promise<number> {
  if (engine === undefined) throw new Error(`${name} is not set up for updates`);
  const args = ["run", "--quiet", "--no-prompt", "--allow-all", UPDATE_TABLE];
  const output = await runToEnd(Deno.execPath(), [...args, engine, String(tableHosts)]);
  const figures = output.match(/(?<=^applied )[\d.]+$/gm);
  if (figures === null) throw new Error(`No update was made: ${output}`);
  return median(figures.map(Number));
}

/** Returns the milliseconds until a proxy says that it goes by another configuration. */
export async function takeReloadMs(proxy: Proxy): Promise<number> {
  const startedMs = performance.now();
  await reload(proxy);
  return performance.now() - startedMs;
}

/** Returns the milliseconds of the longest round trip on an open connection during a reload. */
export async function takeReloadPauseMs(proxy: Proxy): Promise<number> {
  await using watcher = await startStreamLoad("watch", proxy, {
    amount: 0,
    readyLine: /^watching$/,
  });
  await reload(proxy);
  await new Promise((resolve) => setTimeout(resolve, WATCH_REST_MS));
  const longest = watcher.stdout.findLast((line) => line.startsWith("longest "));
  if (longest === undefined) throw new Error(`No round trip was made: ${watcher.describe()}`);
  return Number(longest.slice("longest ".length));
}

/** Waits until a proxy has done what it does once after its start. */
export async function restAfterStart(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, START_REST_MS));
}

async function reload(proxy: Proxy): Promise<void> {
  if (proxy.reload === undefined) throw new Error(`${proxy.name} is not set up for reloads`);
  await proxy.reload();
}
