/**
 * `least_conn`: the server with the fewest connections for its weight; those that have equally few take
 * turns. Pure but for the turns.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { FlatUpstream } from "../flat_upstream.ts";
import { roundRobin } from "./round_robin.ts";

/** Chooses a server; there must be candidates. @param random Returns a number from 0 up to 1. */
export function leastConn(
  upstream: FlatUpstream,
  candidates: Candidates,
  random: () => number,
): number {
  let least = Infinity;
  let chosen = candidates.at(0);
  for (let index = 0; index < candidates.count; index++) {
    const load = loadOf(upstream, candidates.at(index));
    if (load >= least) continue;
    least = load;
    chosen = candidates.at(index);
  }
  for (let index = candidates.count - 1; index >= 0; index--) {
    const position = candidates.at(index);
    // Other threads count on meanwhile: what was chosen stays, whatever is read now.
    if (position !== chosen && loadOf(upstream, position) > least) candidates.remove(index);
  }
  return roundRobin(upstream, candidates, random);
}

/** Connections per unit of weight. */
export function loadOf(upstream: FlatUpstream, position: number): number {
  return upstream.open(position) / upstream.weight(position);
}
