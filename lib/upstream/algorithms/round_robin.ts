/**
 * `round_robin`: servers in turn, each as often as its weight says. Pure but for the turns, which all
 * threads share.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { FlatUpstream } from "../flat_upstream.ts";
import { drawByWeight } from "./two_choices.ts";

/**
 * Chooses a server; there must be candidates. The turn of one that is not among them goes to the next
 * one, which keeps the proportion of those that are left.
 *
 * @param random Returns a number from 0 up to 1.
 */
export function roundRobin(
  upstream: FlatUpstream,
  candidates: Candidates,
  random: () => number,
): number {
  if (candidates.count === 1) return candidates.at(0);
  // Enough where some servers are down. Where nearly all of the weight is, chance ends the search.
  for (let turns = 4 * upstream.count; turns > 0; turns--) {
    const position = upstream.takeTurn();
    if (candidates.has(position)) return position;
  }
  return candidates.at(drawByWeight(upstream, candidates, random));
}
