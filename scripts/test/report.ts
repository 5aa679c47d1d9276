/**
 * What a test run amounts to: reads the output of `deno test` line by line, adds up, and words the
 * end of the run. Pure.
 *
 * @module
 */

/** Tests by outcome. Steps of a test count with their test, not by themselves. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What one step of the run came to. */
export interface Outcome {
  readonly counts: Counts;
  /** Names of the tests that failed, or what else did. */
  readonly failures: readonly string[];
  /** Names of the tests that were skipped; they hold the reason. */
  readonly skips: readonly string[];
}

/** A step that is not a test. */
export const NOTHING: Outcome = {
  counts: { passed: 0, failed: 0, skipped: 0 },
  failures: [],
  skips: [],
};

/** Returns the outcome of a step that counts as one test. */
export function outcomeOfCheck(name: string, passed: boolean): Outcome {
  return {
    ...NOTHING,
    counts: { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 },
    failures: passed ? [] : [name],
  };
}

/**
 * Reads what `deno test` printed, without colours.
 *
 * @param end How the process ended. One that ends badly without saying so in its summary (a type
 * error, a crash, a time limit) counts as one failure: a run must never look better than it was.
 */
export function outcomeOfTests(
  lines: readonly string[],
  end: { readonly name: string; readonly success: boolean; readonly why: string },
): Outcome {
  const summary = lines.findLast((line) => SUMMARY.test(line)) ?? "";
  const counts = {
    passed: countOf(summary, "passed"),
    failed: countOf(summary, "failed"),
    skipped: countOf(summary, "ignored"),
  };
  const failures = namesOf(lines, "FAILED");
  const skips = namesOf(lines, "ignored");
  const silentFailure = (!end.success && counts.failed === 0) || summary === "";
  if (!silentFailure) return { counts, failures, skips };
  return {
    counts: { ...counts, failed: counts.failed + 1 },
    failures: [...failures, `${end.name}: ${end.why}`],
    skips,
  };
}

/** Adds up. */
export function addOutcomes(outcomes: readonly Outcome[]): Outcome {
  const sum = (key: keyof Counts) =>
    outcomes.reduce((total, outcome) => total + outcome.counts[key], 0);
  return {
    counts: { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") },
    failures: outcomes.flatMap((outcome) => outcome.failures),
    skips: outcomes.flatMap((outcome) => outcome.skips),
  };
}

/** Words the last line of the run: `12 passed, 0 failed`, then `, 3 skipped` if any were. */
export function formatCounts(counts: Counts): string {
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  return `${counts.passed} passed, ${counts.failed} failed${skipped}`;
}

/** Words a duration in a column of its own: `   0.4 s`, `  75.0 s`. */
export function formatSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`.padStart(8);
}

/** The last line of `deno test`: `ok | 2 passed (1 step) | 0 failed | 1 ignored (12ms)`. */
const SUMMARY = /^(?:ok|FAILED) \| \d+ passed/;

function countOf(summary: string, outcome: string): number {
  return Number(new RegExp(`\\| (\\d+) ${outcome}`).exec(summary)?.[1] ?? 0);
}

/** Lines of steps are indented, and those of tests are not. */
function namesOf(lines: readonly string[], outcome: string): string[] {
  const pattern = new RegExp(`^(\\S.*) \\.\\.\\. ${outcome}(?: |$)`);
  return lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
}
