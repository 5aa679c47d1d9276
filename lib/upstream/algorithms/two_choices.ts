/**
 * `random`: two servers by chance, weights considered, and of them the one with fewer connections for
 * its weight ("power of two choices"): nearly as even as `least_conn`, and clients that come at the
 * same moment do not all run to the same server. Pure but for chance.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { FlatUpstream } from "../flat_upstream.ts";
import { loadOf } from "./least_conn.ts";

/** Chooses a server; there must be candidates. @param random Returns a number from 0 up to 1. */
export function twoChoices(
  upstream: FlatUpstream,
  candidates: Candidates,
  random: () => number,
): number {
  const first = drawByWeight(upstream, candidates, random);
  const one = candidates.at(first);
  if (candidates.count === 1) return one;
  candidates.remove(first);
  const other = candidates.at(drawByWeight(upstream, candidates, random));
  return loadOf(upstream, other) < loadOf(upstream, one) ? other : one;
}

/** Draws one by chance, in proportion to the weights. @returns An index of `candidates`. */
export function drawByWeight(
  upstream: FlatUpstream,
  candidates: Candidates,
  random: () => number,
): number {
  let total = 0;
  for (let index = 0; index < candidates.count; index++) {
    total += upstream.weight(candidates.at(index));
  }
  let left = Math.floor(random() * total);
  for (let index = 0; index < candidates.count; index++) {
    left -= upstream.weight(candidates.at(index));
    if (left < 0) return index;
  }
  return 0;
}
