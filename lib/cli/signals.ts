/**
 * The signals that steer a running Postern, as a queue. A second wish to stop is not queued: it ends
 * the process at once, whatever the queue's reader is busy with.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { SIGNAL_ECHO_MS } from "../base/limits.ts";
import type { Log } from "../base/log.ts";

/** SIGHUP asks for a reload, the others for the end. */
export type HandledSignal = "SIGHUP" | "SIGINT" | "SIGTERM";

/** Signals in the order of their arrival. Disposing of it gives the signals back to the system. */
export interface Signals extends Disposable {
  /** Waits for the next signal, for as long as it takes. Ask again only after the last has come. */
  next(): Promise<HandledSignal>;
}

/** Starts to listen. Signals that nobody asks for any more, during the drain, do nothing. */
export function listenForSignals(log: Log, clock: Clock): Signals {
  const queue: HandledSignal[] = [];
  let arrived = Promise.withResolvers<void>();
  const exitIfAgain = watchForSecond(log, clock);
  const handlers = handledSignals().map((name) => {
    const handler = () => {
      if (name !== "SIGHUP") exitIfAgain(name);
      queue.push(name);
      arrived.resolve();
    };
    Deno.addSignalListener(name, handler);
    return { name, handler };
  });
  return {
    next: async () => {
      while (queue.length === 0) {
        await arrived.promise;
        arrived = Promise.withResolvers();
      }
      return queue.shift()!;
    },
    [Symbol.dispose]: () =>
      handlers.forEach(({ name, handler }) => Deno.removeSignalListener(name, handler)),
  };
}

/** Windows knows SIGINT only, of these. */
function handledSignals(): HandledSignal[] {
  return Deno.build.os === "windows" ? ["SIGINT"] : ["SIGHUP", "SIGINT", "SIGTERM"];
}

/** @returns Is called with each wish to stop. */
function watchForSecond(log: Log, clock: Clock): (signal: HandledSignal) => void {
  let firstMs: number | undefined;
  return (signal) => {
    firstMs ??= clock.monotonic();
    if (clock.monotonic() - firstMs < SIGNAL_ECHO_MS) return;
    log.warn("Stopped at once by a second signal", { signal });
    Deno.exit(1);
  };
}
