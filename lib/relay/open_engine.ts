/**
 * Chooses the engine: splice where the host and the permissions allow it, else portable. The one that
 * is second best announces itself in one line of the log.
 *
 * @module
 */
import { SPLICE_WORKERS_MAX } from "../base/limits.ts";
import type { RelayEngineName } from "../config/config.ts";
import type { Libc, NoLibc } from "../linux/libc.ts";
import { PortableEngine } from "./portable/portable_engine.ts";
import type { RelayEngine, RelayEnvironment, RelayPlan } from "./relay_engine.ts";
import { SpliceEngine } from "./splice/splice_engine.ts";

/** What the choice depends on. */
export interface EngineChoice {
  readonly engine: RelayEngineName;
  /** Threads of the splice engine; undefined means as many as fit the host. */
  readonly workers: number | undefined;
  /** The system calls, or why there are none. */
  readonly libc: Libc | NoLibc;
}

/**
 * Makes an engine that opens nothing before it is told to listen.
 *
 * @throws {Error} If `splice` was asked for and is not possible.
 */
export function openEngine(
  plan: RelayPlan,
  environment: RelayEnvironment,
  { engine, workers = countWorkers(), libc }: EngineChoice,
): RelayEngine {
  const reason = typeof libc === "string" ? libc : whyNoWorkers();
  if (engine === "portable") return new PortableEngine(plan, environment);
  if (reason === undefined && typeof libc !== "string") {
    return new SpliceEngine(plan, environment, { libc, workers });
  }
  if (engine === "splice") throw new Error(`Cannot use the splice engine: ${reason}`);
  environment.log.info("Using the portable engine, splice is not possible here", { reason });
  return new PortableEngine(plan, environment);
}

/** A worker's program is read from where this file is. */
function whyNoWorkers(): string | undefined {
  const path = new URL("./splice/worker.ts", import.meta.url);
  const { state } = Deno.permissions.querySync({ name: "read", path });
  return state === "granted" ? undefined : "its program may not be read";
}

/** The main isolate, with HTTP and TLS, takes at least as much as the relay. */
function countWorkers(): number {
  return Math.min(Math.max(1, Math.floor(navigator.hardwareConcurrency / 2)), SPLICE_WORKERS_MAX);
}
