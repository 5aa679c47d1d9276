/**
 * A proxy as the benchmarks see it: a process tree with one public port. Types only, and the name
 * that every proxy offloads.
 *
 * @module
 */
import type { BackendPorts } from "../backends.ts";

/** The part of a proxy's work that a measure is about. */
export type Plane =
  | "passthrough"
  | "offload"
  /** How the size of the route table shows. */
  | "table"
  /** What replacing a large table takes. */
  | "update";

/** The hostname that is offloaded to the HTTP backend. */
export const OFFLOAD_HOSTNAME = "offload.bench.test";

/** A proxy that runs; disposing of it ends it. */
export interface Proxy extends AsyncDisposable {
  readonly name: string;
  /** Of the process whose tree is measured. */
  readonly pid: number;
  /** On 127.0.0.1; routes by server name. */
  readonly port: number;
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
