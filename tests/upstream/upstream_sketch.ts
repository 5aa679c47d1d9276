/**
 * Upstreams for tests of the algorithms, in short.
 *
 * @module
 */
import type { LoadBalance } from "../../lib/config/config.ts";
import { Candidates } from "../../lib/upstream/candidates.ts";
import { FlatUpstream } from "../../lib/upstream/flat_upstream.ts";
import { ServerCells } from "../../lib/upstream/server_cells.ts";

/** An upstream in short. */
export interface UpstreamSketch {
  readonly weights: readonly number[];
  /** Default `round_robin`. */
  readonly loadBalance?: LoadBalance;
  /** Positions. */
  readonly backups?: readonly number[];
  /** For each server. Default: `10.0.0.1:443` and so on. */
  readonly names?: readonly string[];
}

/** An upstream, and what may be done to its servers. */
export class TestUpstream {
  readonly upstream: FlatUpstream;
  readonly #cells = new ServerCells(256);
  readonly #downCells: readonly number[];

  constructor({ weights, loadBalance = "round_robin", backups = [], names }: UpstreamSketch) {
    const members = weights.map((weight, position) => {
      const name = names?.[position] ?? `10.0.0.${position + 1}:443`;
      return {
        weight,
        isBackup: backups.includes(position),
        openCell: this.#cells.countCell(name),
        downCell: this.#cells.flagCell(name),
        name,
      };
    });
    this.#downCells = members.map(({ downCell }) => downCell);
    this.upstream = FlatUpstream.of({ loadBalance, members }, this.#cells.memory);
  }

  /** Says that a server is down, or up. */
  setDown(position: number, isDown = true): void {
    this.#cells.setFlag(this.#downCells[position], isDown);
  }

  /** Counts connections of a server. */
  addOpen(position: number, amount = 1): void {
    this.#cells.add(this.upstream.openCell(position), amount);
  }

  /** Returns the servers that may be chosen. */
  candidates(tried?: readonly number[]): Candidates {
    const candidates = new Candidates();
    candidates.fill(this.upstream, tried);
    return candidates;
  }
}

/** Counts what `choose` returns in so many calls, by position. */
export function countChoices(times: number, positions: number, choose: () => number): number[] {
  const counts = Array<number>(positions).fill(0);
  for (let time = 0; time < times; time++) counts[choose()]++;
  return counts;
}
