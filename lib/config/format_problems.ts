/**
 * Problems as people read them: place, sentence, the line with a caret, and a hint. The format is
 * the same for every message of the configuration, so that editors and scripts can rely on it. Pure.
 *
 *     routes.yaml:3:20: error: Cannot use 90 as "timeouts.hello": unit is missing, expected …
 *        3 | timeouts: { hello: 90 }
 *          |                    ^^
 *       hint: …
 *
 * @module
 */
import type { Problem } from "./problem.ts";

/** A line longer than this is shown around the caret only. */
const SHOWN_MAX_CHARACTERS = 120;

/** How much stays visible before the caret in a cut line. */
const SHOWN_BEFORE_CHARACTERS = 40;

const GUTTER_MIN_CHARACTERS = 4;

const STYLES = { error: "\x1b[1;31m", warning: "\x1b[1;33m", path: "\x1b[1m", end: "\x1b[0m" };

/**
 * Formats problems in the order in which they are given, one after the other.
 *
 * @param options `path` as the user wrote it; `color` for a terminal (default false).
 * @returns Lines with line ends; empty if there is no problem.
 */
export function formatProblems(
  problems: readonly Problem[],
  options: { path: string; color?: boolean },
): string {
  const color = options.color ?? false;
  return problems.map((problem) => formatProblem(problem, options.path, color)).join("");
}

function formatProblem(problem: Problem, path: string, color: boolean): string {
  const paint = (style: keyof typeof STYLES, text: string) =>
    color ? `${STYLES[style]}${text}${STYLES.end}` : text;
  const place = problem.line === 0 ? path : `${path}:${problem.line}:${problem.column}`;
  const head = `${paint("path", `${place}:`)} ${paint(problem.severity, `${problem.severity}:`)} `;
  const source = formatSource(problem, (caret) => paint(problem.severity, caret));
  const hint = problem.hint === undefined ? "" : `  hint: ${problem.hint}\n`;
  return `${head}${problem.message}\n${source}${hint}`;
}

function formatSource(problem: Problem, paint: (caret: string) => string): string {
  if (problem.sourceLine === undefined) return "";
  const { text, column, length } = cutAround(
    problem.sourceLine,
    problem.column - 1,
    problem.length,
  );
  const number = String(problem.line).padStart(GUTTER_MIN_CHARACTERS);
  // Tabs are repeated, so that the caret stands below its text however wide the terminal shows them.
  const indent = text.slice(0, column).replace(/[^\t]/g, " ");
  const caret = paint("^".repeat(length));
  return `${number} | ${text}\n${" ".repeat(number.length)} | ${indent}${caret}\n`;
}

/** Cuts a long line, and replaces what a terminal would act on by a character of the same width. */
function cutAround(line: string, column: number, length: number) {
  const from = line.length > SHOWN_MAX_CHARACTERS
    ? Math.max(0, column - SHOWN_BEFORE_CHARACTERS)
    : 0;
  const to = Math.min(line.length, from + SHOWN_MAX_CHARACTERS);
  const before = from > 0 ? "…" : "";
  const text = `${before}${line.slice(from, to)}${to < line.length ? "…" : ""}`.replace(
    // deno-lint-ignore no-control-regex
    /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    "\ufffd",
  );
  const shownColumn = column - from + before.length;
  return { text, column: shownColumn, length: Math.max(1, Math.min(length, to - column)) };
}
