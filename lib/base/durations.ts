/**
 * Durations as people write them: a number and a unit. Pure.
 *
 * @module
 */

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Parses `250ms`, `5s`, `10m`, `1h`, `30d`, `1.5h`.
 *
 * @returns Whole milliseconds, or undefined if the text is not a duration (a bare number has no unit).
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(text.trim());
  if (match === null) return undefined;
  const unitMs = UNITS_MS[match[2]];
  return unitMs === undefined ? undefined : Math.round(Number(match[1]) * unitMs);
}

/** Formats milliseconds with the largest unit that divides them: `5s`, `250ms`, `90s`, `1h`. */
export function formatDuration(ms: number): string {
  for (const unit of ["d", "h", "m", "s"]) {
    if (ms !== 0 && ms % UNITS_MS[unit] === 0) return `${ms / UNITS_MS[unit]}${unit}`;
  }
  return `${ms}ms`;
}
