/**
 * Whose turn it is, for servers of different weights: nginx's smooth weighted round robin, worked out
 * once for a whole round. Pure.
 *
 * @module
 */

/**
 * Returns one round of turns, as positions in `weights`: each position as often as its weight says, and
 * spread as evenly as possible. Leaving turns out keeps the proportion of the others.
 *
 * @param weights 1 to 256 each.
 */
export function weightedSequence(weights: readonly number[]): Uint16Array {
  const divisor = weights.reduce(greatestCommonDivisor, 0) || 1;
  const shares = weights.map((weight) => weight / divisor);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const current = shares.map(() => 0);
  const sequence = new Uint16Array(total);
  for (let turn = 0; turn < total; turn++) {
    let best = 0;
    for (let position = 0; position < shares.length; position++) {
      current[position] += shares[position];
      if (current[position] > current[best]) best = position;
    }
    current[best] -= total;
    sequence[turn] = best;
  }
  return sequence;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
