/**
 * `postern run`.
 *
 * @module
 */
import { formatAddress, type TcpAddress } from "../base/addresses.ts";
import { systemClock } from "../base/clock.ts";
import { Counters } from "../base/counters.ts";
import { DRAIN_TIMEOUT_MS, START_MEMORY_DELAY_MS } from "../base/limits.ts";
import { createLog, type Log } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import { Edge } from "../edge.ts";
import { openFileStore } from "../state/file_store.ts";
import type { CommandOptions, Verb } from "./command_line.ts";
import { readConfig } from "./read_config.ts";
import { releaseStartMemory } from "./release_start_memory.ts";
import { sampleLines } from "./sample_lines.ts";
import { explainError } from "./explain_error.ts";
import { listenForSignals } from "./signals.ts";
import { stateFolder } from "./state_folder.ts";
import type { Terminal } from "./terminal.ts";

/** Serves what the configuration says until a signal says otherwise. */
export const run: Verb = async (options, terminal) => {
  const config = await readConfig(options.config, terminal);
  if (config === undefined) return 2;
  const log = createLog({ level: config.log.level, write: terminal.err });
  try {
    return await serve(config, { log, options, terminal });
  } catch (error) {
    log.error("Cannot start", explainError(error));
    return 1;
  }
};

interface Surroundings {
  readonly log: Log;
  readonly options: CommandOptions;
  readonly terminal: Terminal;
}

async function serve(config: Config, { log, options, terminal }: Surroundings): Promise<number> {
  const counters = new Counters();
  using store = await openFileStore(stateFolder(config, options), { log, counters });
  // First: the runtime needs descriptors for it, and ends the process if there are none left.
  using signals = listenForSignals(log, systemClock);
  const edge = await Edge.open(config, { log, counters, clock: systemClock, store });
  log.info("ready", {
    https: formatAddresses(edge.addresses.https),
    http: formatAddresses(edge.addresses.http),
    engine: edge.engine,
    state: store.folder,
  });
  for (const line of sampleLines(config, edge.addresses, store.folder)) terminal.out(line);
  using _release = systemClock.after(START_MEMORY_DELAY_MS, () => releaseStartMemory(log));
  while (await signals.next() === "SIGHUP") await reload(edge, { log, options, terminal });
  log.info("draining", { open: edge.open, limitMs: DRAIN_TIMEOUT_MS });
  const { finished, cut } = await edge.stop(DRAIN_TIMEOUT_MS);
  log.info("stopped", { finished, cut, ...counters.snapshot() });
  return 0;
}

async function reload(edge: Edge, { log, options, terminal }: Surroundings): Promise<void> {
  const config = await readConfig(options.config, terminal);
  if (config === undefined) {
    log.error("Cannot reload: the configuration has errors, what runs keeps running");
    return;
  }
  try {
    await edge.reload(config);
    log.info("reloaded", { routes: config.routes.length });
  } catch (error) {
    log.error("Cannot reload: what runs keeps running", explainError(error));
  }
}

function formatAddresses(addresses: readonly TcpAddress[]): string {
  return addresses.length === 0 ? "-" : addresses.map(formatAddress).join(",");
}
