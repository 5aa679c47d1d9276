/**
 * The loads of offloaded requests, by h2load. Does I/O.
 *
 * @module
 */
import { requireInstalled } from "../../tests/support/installed.ts";
import { parseH2loadReport } from "./h2load_report.ts";
import { OFFLOAD_HOSTNAME, type Proxy } from "./proxies/proxy.ts";
import { runToEnd } from "./run_to_end.ts";

/** Connections of one h2load in {@linkcode runHandshakes}; all of them open at once. */
const HANDSHAKES_AT_ONCE = 32;

/** One run of h2load. */
export interface H2loadOptions {
  readonly protocol: "http/1.1" | "h2";
  readonly count: number;
  readonly connections: number;
  /** At once on each connection. Default 1. */
  readonly streams?: number;
  /** Default `/`. */
  readonly path?: string;
}

/** Sends requests. @throws {Error} If not every one was answered over this protocol. */
export async function runH2load({ port }: Proxy, options: H2loadOptions): Promise<void> {
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

/**
 * Opens connections with a full handshake each. One run of h2load per batch: its clients never take a
 * session up again, and connect all at once.
 *
 * @throws {Error} If not every one was served.
 */
export async function runHandshakes(proxy: Proxy, amount: number): Promise<void> {
  for (let left = amount; left > 0; left -= HANDSHAKES_AT_ONCE) {
    const count = Math.min(left, HANDSHAKES_AT_ONCE);
    await runH2load(proxy, { protocol: "h2", count, connections: count });
  }
}
