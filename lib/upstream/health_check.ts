/**
 * The checks of one server, again and again until stopped: notes what they find where everybody who
 * chooses servers reads it, and tells people of each change in one line. States: made, running, stopped
 * (terminal). Does I/O through the functions it is given.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { HEALTH_JITTER } from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import type { HealthCheckConfig, ServerConfig } from "../config/config.ts";
import { HealthState } from "./health_state.ts";
import { type AskHttp, type ProbeResult, probeServer } from "./probe_server.ts";
import type { ServerCells } from "./server_cells.ts";
import { formatServerName } from "./upstream_group.ts";
import type { WorkGate } from "./work_gate.ts";

/** What checks are done with. */
export interface HealthEnvironment {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly cells: ServerCells;
  readonly askHttp: AskHttp;
  /** Returns a number from 0 up to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** Which server is checked, and how. */
export interface HealthTarget {
  readonly server: ServerConfig;
  readonly check: HealthCheckConfig;
  /** The flag that says that it is down. */
  readonly downCell: number;
}

/** A check that goes on until it is stopped. */
export class HealthCheck {
  #target: HealthTarget;
  readonly #environment: HealthEnvironment;
  readonly #gate: WorkGate;
  readonly #state: HealthState;
  readonly #stopping = new AbortController();
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #downSince = 0;

  /** @param options `isDown`: what is known of the server already; `gate`: limits checks at one time. */
  constructor(
    target: HealthTarget,
    environment: HealthEnvironment,
    options: { gate: WorkGate; isDown: boolean },
  ) {
    this.#target = target;
    this.#environment = environment;
    this.#gate = options.gate;
    this.#state = new HealthState(options.isDown);
    this.#downSince = environment.clock.monotonic();
    environment.cells.setFlag(target.downCell, options.isDown);
  }

  /** Whether the server is down. */
  get isDown(): boolean {
    return this.#state.isDown;
  }

  /** Does the first check, and all that follow. */
  start(): void {
    this.#running = this.#gate.run(() => this.#check());
  }

  /** Goes on with another configuration's entry of the same server and check. */
  retarget(target: HealthTarget): void {
    this.#target = target;
    this.#environment.cells.setFlag(target.downCell, this.isDown);
  }

  /** Calls off what is under way. Resolves when nothing is. */
  stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    return this.#running;
  }

  async #check(): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    const { clock, askHttp, random = Math.random } = this.#environment;
    const { check, server } = this.#target;
    const result = await probeServer(server, { check, clock, askHttp, signal });
    if (signal.aborted) return;
    this.#note(result);
    const jitter = 1 + HEALTH_JITTER * (2 * random() - 1);
    this.#timer = clock.after(check.intervalMs * jitter, () => this.start());
  }

  #note(result: ProbeResult): void {
    const { cells, counters, log } = this.#environment;
    const { check, downCell, server } = this.#target;
    counters.add("health_checks");
    if (result.kind === "unknown") {
      log.debug("Cannot check server", { server: formatServerName(server), reason: result.reason });
      return;
    }
    const isGood = result.kind === "good";
    if (!isGood) counters.add("health_check_failures");
    if (!this.#state.note(isGood, check)) return;
    cells.setFlag(downCell, this.isDown);
    this.#tell(result.kind === "bad" ? result.reason : undefined);
  }

  #tell(reason: string | undefined): void {
    const { clock, counters, log } = this.#environment;
    const { check: { probe }, server } = this.#target;
    const fields = {
      server: formatServerName(server),
      check: probe.kind === "tcp" ? "tcp" : `http ${withoutQuery(probe.path)}`,
    };
    if (this.isDown) {
      this.#downSince = clock.monotonic();
      counters.add("servers_down");
      log.warn("Server is down", { ...fields, reason });
    } else {
      counters.add("servers_up");
      const downMs = Math.round(clock.monotonic() - this.#downSince);
      log.info("Server is up", { ...fields, downMs });
    }
  }
}

/** A query may hold a token. */
function withoutQuery(path: string): string {
  return path.replace(/\?.*$/, "");
}
