/**
 * Chooses the server of a client: the algorithm that the configuration names, over the servers that are
 * up. Each thread has its own; what they share stands in `FlatUpstream`. Choosing allocates nothing.
 *
 * @module
 */
import { ipHash } from "./algorithms/ip_hash.ts";
import { leastConn } from "./algorithms/least_conn.ts";
import { roundRobin } from "./algorithms/round_robin.ts";
import { twoChoices } from "./algorithms/two_choices.ts";
import { Candidates } from "./candidates.ts";
import type { FlatUpstream } from "./flat_upstream.ts";

/** There is no server left. */
export const NO_SERVER = -1;

/** Chooses servers. */
export class ServerChooser {
  readonly #random: () => number;
  readonly #candidates = new Candidates();

  /** @param random Returns a number from 0 up to 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /**
   * Chooses a server.
   *
   * @param client Of `hashClient`; used only if the upstream's `needsClient` says so.
   * @param tried Positions of servers that could not be connected to for this client.
   * @returns A position, or {@linkcode NO_SERVER} if all are down or were tried.
   */
  choose(upstream: FlatUpstream, client: number, tried?: readonly number[]): number {
    if (upstream.count === 1) return isEmpty(tried) && upstream.isUp(0) ? 0 : NO_SERVER;
    const candidates = this.#candidates;
    candidates.fill(upstream, tried);
    if (candidates.count === 0) return NO_SERVER;
    switch (upstream.algorithm) {
      case "round_robin":
        return roundRobin(upstream, candidates, this.#random);
      case "least_conn":
        return leastConn(upstream, candidates, this.#random);
      case "ip_hash":
        return ipHash(upstream, candidates, client);
      case "random":
        return twoChoices(upstream, candidates, this.#random);
      case "first":
        return candidates.at(0);
    }
  }
}

function isEmpty(tried: readonly number[] | undefined): boolean {
  return tried === undefined || tried.length === 0;
}
