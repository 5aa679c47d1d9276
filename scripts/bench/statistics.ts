/**
 * Figures of several rounds in few numbers. The machine is shared: medians, and ratios of what was
 * measured one right after the other. Pure.
 *
 * @module
 */

/** Several measurements of the same thing. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Summarizes one value or more. @throws {RangeError} If there is none. */
export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Returns the middle value, or the mean of the two in the middle.
 *
 * @throws {RangeError} If there is no value.
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("There is no median of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Returns the median of the ratios round by round: what disturbs a whole round disturbs both.
 *
 * @param ours By round.
 * @param theirs By round; rounds beyond the shorter list are left out.
 * @returns undefined if there is no round that has both.
 */
export function pairedRatio(
  ours: readonly number[],
  theirs: readonly number[],
): number | undefined {
  const rounds = Math.min(ours.length, theirs.length);
  if (rounds === 0) return undefined;
  return median(Array.from({ length: rounds }, (_, round) => ours[round] / theirs[round]));
}
