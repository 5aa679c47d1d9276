/**
 * `ip_hash`: a client keeps its server. Weighted rendezvous hashing: each pair of client and server has
 * a score, and the best server wins; when one goes down, only its own clients move, to whichever is
 * second best for each of them. Pure.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import { mixBits } from "../client_hash.ts";
import type { FlatUpstream } from "../flat_upstream.ts";

/** Chooses a server; there must be candidates. @param client Of `hashClient`. */
export function ipHash(upstream: FlatUpstream, candidates: Candidates, client: number): number {
  let best = Infinity;
  let chosen = candidates.at(0);
  for (let index = 0; index < candidates.count; index++) {
    const position = candidates.at(index);
    // Between 0 and 1, neither included; its logarithm makes shares follow the weights.
    const chance = (mixBits(client ^ upstream.seed(position)) + 0.5) / 2 ** 32;
    const score = -Math.log(chance) / upstream.weight(position);
    if (score >= best) continue;
    best = score;
    chosen = position;
  }
  return chosen;
}
