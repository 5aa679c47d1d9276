/**
 * A proxy as the benchmarks see it: a process tree with one public port. Types, and the names that
 * every proxy offloads. Pure.
 *
 * @module
 */
import type { BackendPorts, HttpBackend } from "../backends.ts";

/** The part of a proxy's work that a measure is about. */
export type Plane =
  | "passthrough"
  | "offload"
  /** What it takes with routes for passthrough only. */
  | "start"
  /** How the size of the route table shows. */
  | "table"
  /** What replacing a large table takes. */
  | "update";

/** The hostname that is offloaded to the HTTP backend. */
export const OFFLOAD_HOSTNAME = "offload.bench.test";

/** Every offloaded hostname with the backend behind it; all on the one certificate. */
export const OFFLOADED: readonly { readonly hostname: string; readonly backend: HttpBackend }[] = [
  { hostname: OFFLOAD_HOSTNAME, backend: "http" },
  { hostname: "upload.bench.test", backend: "upload" },
  { hostname: "websocket.bench.test", backend: "websocket" },
];

/** Returns the hostname under which the proxies lead to a backend. */
export function offloadHostnameOf(backend: HttpBackend): string {
  return OFFLOADED.find((each) => each.backend === backend)!.hostname;
}

/** A proxy that runs; disposing of it ends it. */
export interface Proxy extends AsyncDisposable {
  readonly name: string;
  /** Of the process whose tree is measured. */
  readonly pid: number;
  /** On 127.0.0.1; routes by server name. */
  readonly port: number;
  /** PEM file that its certificate is verified with. */
  readonly caFile: string;
  /** Hosts of its table beside the few that the loads name; 0 where the size is not measured. */
  readonly tableHosts: number;
  /** Postern's `relay.engine`; undefined for others. */
  readonly engine: string | undefined;
  /** Replaces the configuration and waits until the proxy says so; undefined if it is not measured. */
  readonly reload: (() => Promise<void>) | undefined;
}

/** A proxy that can be started. */
export interface ProxyKind {
  readonly name: string;
  /** The planes it is set up for. */
  readonly planes: readonly Plane[];
  /** Starts one that is ready for connections. @throws {Error} If it does not start. */
  start(backends: BackendPorts): Promise<Proxy>;
}
