/**
 * Durations as people write them: a number and a unit. Pure.
 *
 * @module
 */

/** A map: an object would also have `constructor` for a unit. */
const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  // Of 365 days: for lifetimes that are told to others, where the leap day makes no difference.
  ["y", 365 * 86_400_000],
]);

/** From the largest. */
const FORMAT_UNITS = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1_000]] as const;

/**
 * Parses `250ms`, `5s`, `10m`, `1h`, `30d`, `1y`, `1.5h`.
 *
 * @returns Whole milliseconds, or undefined if the text is not a duration (a bare number has no unit)
 * or one of 285,000 years and more, which a number cannot hold to the millisecond.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(text.trim());
  if (match === null) return undefined;
  const ms = Math.round(Number(match[1]) * (UNITS_MS.get(match[2]) ?? NaN));
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** Formats milliseconds with the largest unit that divides them: `5s`, `250ms`, `90s`, `1h`. */
export function formatDuration(ms: number): string {
  for (const [unit, unitMs] of FORMAT_UNITS) {
    if (ms !== 0 && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${ms}ms`;
}
