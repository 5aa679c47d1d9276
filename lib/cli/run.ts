/**
 * `postern run`.
 *
 * @module
 */
import { formatAddress, type TcpAddress } from "../base/addresses.ts";
import { systemClock } from "../base/clock.ts";
import { Counters } from "../base/counters.ts";
import { errorText } from "../base/failures.ts";
import { DRAIN_TIMEOUT_MS } from "../base/limits.ts";
import { createLog, type Log } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import { Edge } from "../edge.ts";
import { openFileStore } from "../state/file_store.ts";
import type { CommandOptions, Verb } from "./command_line.ts";
import { readConfig } from "./read_config.ts";
import { sampleLines } from "./sample_lines.ts";
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
    log.error("Cannot start", { error: errorText(error) });
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
  const edge = await Edge.open(config, { log, counters, clock: systemClock, store });
  log.info("ready", {
    https: formatAddresses(edge.addresses.https),
    http: formatAddresses(edge.addresses.http),
    engine: edge.engine,
    state: store.folder,
  });
  for (const line of sampleLines(config, edge.addresses, store.folder)) terminal.out(line);
  using signals = listenForSignals();
  for await (const signal of signals.received) {
    if (signal !== "SIGHUP") break;
    await reload(edge, { log, options, terminal });
  }
  log.info("draining", { open: edge.open, limitMs: DRAIN_TIMEOUT_MS });
  exitOnNextSignal(log);
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
    log.error("Cannot reload: what runs keeps running", { error: errorText(error) });
  }
}

type HandledSignal = "SIGHUP" | "SIGINT" | "SIGTERM";

/** Signals in the order of their arrival. Disposing of it gives the signals back to the system. */
function listenForSignals(): Disposable & { received: AsyncIterable<HandledSignal> } {
  // Windows knows SIGINT only, of these.
  const names: HandledSignal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGHUP", "SIGINT", "SIGTERM"];
  const queue = new TransformStream<HandledSignal, HandledSignal>(undefined, undefined, {
    highWaterMark: Infinity,
  });
  const writer = queue.writable.getWriter();
  const handlers = names.map((name) => {
    const handler = () => void writer.write(name);
    Deno.addSignalListener(name, handler);
    return { name, handler };
  });
  return {
    received: queue.readable,
    [Symbol.dispose]: () =>
      handlers.forEach(({ name, handler }) => Deno.removeSignalListener(name, handler)),
  };
}

function exitOnNextSignal(log: Log): void {
  const names: HandledSignal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const name of names) {
    Deno.addSignalListener(name, () => {
      log.warn("Stopped at once by a second signal", { signal: name });
      Deno.exit(1);
    });
  }
}

function formatAddresses(addresses: readonly TcpAddress[]): string {
  return addresses.map(formatAddress).join(",");
}
