/**
 * What a measure is, and the usual one: CPU time per unit of a load. Does I/O when one is taken.
 *
 * @module
 */
import type { Goal } from "./goals.ts";
import type { Plane, Proxy } from "./proxies/proxy.ts";
import { takeCpuMs } from "./take_figure.ts";

/** One figure that proxies are compared by; less is better unless its goals say otherwise. */
export interface Measure {
  readonly id: string;
  readonly plane: Plane;
  /** What one round consists of. */
  readonly title: string;
  readonly unit: string;
  /** Load of one round in full mode, a whole number: enough for a second of CPU of most proxies. */
  readonly amount: number;
  readonly goals: readonly Goal[];
  /** Whether each round needs a proxy that has done nothing before, for memory it may have kept. */
  readonly freshProxy: boolean;
  /** Rounds that say all there is to say; undefined means as many as are asked for. */
  readonly roundsMax?: number;
  /**
   * Puts an amount of load on a proxy and returns the figure.
   *
   * @throws {Error} If not everything was served.
   */
  take(proxy: Proxy, amount: number): Promise<number>;
}

/** What a measure of CPU consists of. */
export interface CpuMeasure extends Omit<Measure, "take" | "freshProxy"> {
  /** What one millisecond is in the unit. */
  readonly unitsPerMs: number;
  load(proxy: Proxy, amount: number): Promise<void>;
}

/** Makes a measure of the CPU that one unit of a load costs. */
export function measureCpu({ unitsPerMs, load, ...measure }: CpuMeasure): Measure {
  return {
    ...measure,
    freshProxy: false,
    take: async (proxy, amount) =>
      await takeCpuMs(proxy, () => load(proxy, amount)) * unitsPerMs / amount,
  };
}
