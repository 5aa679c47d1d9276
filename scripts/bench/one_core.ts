/**
 * Keeps a proxy on one core and the load off it, for figures of wall time: so many requests per second
 * mean nothing where one proxy may use more cores than another. Does I/O, by taskset (util-linux).
 *
 * @module
 */
import { requireInstalled } from "../../tests/support/installed.ts";
import { listTree } from "./process_usage.ts";
import { runToEnd } from "./run_to_end.ts";

/** The proxies' core; the loads have all others. */
const PROXY_CORE = "0";

/** Puts every thread of a proxy on the proxies' core; threads that it starts later stay there. */
export async function keepOnOneCore(pid: number): Promise<void> {
  for (const each of await listTree(pid)) {
    await runToEnd(requireInstalled("taskset"), ["-a", "-c", "-p", PROXY_CORE, String(each)]);
  }
}

/** Returns words that start a program on the other cores; none where there is only one core. */
export function besideProxy(coreCount = navigator.hardwareConcurrency): string[] {
  return coreCount < 2 ? [] : [requireInstalled("taskset"), "-c", `1-${coreCount - 1}`];
}
