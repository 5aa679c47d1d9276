/**
 * The loads of offloaded requests, by h2load. Does I/O.
 *
 * @module
 */
import { requireInstalled } from "../../tests/support/installed.ts";
import { makeTempFolder } from "../../tests/support/temp_folder.ts";
import { LARGE_FILE_BYTES } from "./backends.ts";
import { type H2loadReport, parseH2loadReport } from "./h2load_report.ts";
import { OFFLOAD_HOSTNAME, offloadHostnameOf, type Proxy } from "./proxies/proxy.ts";
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
  /** Default: the one that leads to the HTTP backend. */
  readonly hostname?: string;
  /** Sent with every request, which makes it a POST. */
  readonly bodyFile?: string;
  /** Words that start a program on certain cores. */
  readonly startedBy?: readonly string[];
}

/** Sends requests. @throws {Error} If not every one was answered over this protocol. */
export async function runH2load({ port }: Proxy, options: H2loadOptions): Promise<H2loadReport> {
  const { protocol, count, connections, streams = 1, path = "/" } = options;
  const { hostname = OFFLOAD_HOSTNAME, bodyFile, startedBy = [] } = options;
  const [program, ...args] = [
    ...startedBy,
    requireInstalled("h2load"),
    `--npn-list=${protocol}`,
    `--requests=${count}`,
    `--clients=${Math.min(connections, count)}`,
    `--max-concurrent-streams=${streams}`,
    `--connect-to=127.0.0.1:${port}`,
    ...(bodyFile === undefined ? [] : [`--data=${bodyFile}`]),
    `https://${hostname}:${port}${path}`,
  ];
  const output = await runToEnd(program, args);
  const report = parseH2loadReport(output);
  const isWhole = report.answers2xx === count && report.requestsSucceeded === count;
  if (!isWhole || report.applicationProtocol !== protocol) {
    throw new Error(`Not ${count} answers over ${protocol}:\n${output.trim()}`);
  }
  return report;
}

/** Sends requests with a body of 64 MiB on 4 connections. @throws {Error} As `runH2load` does. */
export async function runLargeUploads(
  proxy: Proxy,
  options: Pick<H2loadOptions, "protocol" | "count">,
): Promise<void> {
  using folder = makeTempFolder("postern-bench-");
  const bodyFile = folder.write("body", "");
  Deno.truncateSync(bodyFile, LARGE_FILE_BYTES);
  const hostname = offloadHostnameOf("upload");
  await runH2load(proxy, { ...options, connections: 4, hostname, bodyFile });
}

/**
 * Opens connections with a full handshake each. One run of h2load per batch: its clients never take a
 * session up again, and connect all at once.
 *
 * @throws {Error} If not every one was served.
 */
export async function runHandshakes(
  proxy: Proxy,
  { protocol, count }: Pick<H2loadOptions, "protocol" | "count">,
): Promise<void> {
  for (let left = count; left > 0; left -= HANDSHAKES_AT_ONCE) {
    const batch = Math.min(left, HANDSHAKES_AT_ONCE);
    await runH2load(proxy, { protocol, count: batch, connections: batch });
  }
}
