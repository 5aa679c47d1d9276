/**
 * Collects problems of one text while it is read, so that a user sees all of them at once. Holds no
 * more than a limit, whatever the text says. Pure.
 *
 * @module
 */
import { CONFIG_PROBLEMS_MAX } from "../base/limits.ts";
import { type Place, type Problem, WHOLE_FILE } from "./problem.ts";
import type { SourceText, Span } from "./source_text.ts";

/** What a problem has besides its sentence. */
export interface ProblemOptions {
  /** One edit that repairs it. */
  readonly hint?: string;
  /** Default `error`. */
  readonly severity?: Problem["severity"];
  /** The value is not shown, in the line that it stands in neither: a password, perhaps. */
  readonly isSecret?: boolean;
}

/** Problems of one text. */
export class ProblemList {
  readonly #source: SourceText;
  readonly #problems: Problem[] = [];
  readonly #seen = new Set<string>();
  #errors = 0;
  #omitted = 0;

  constructor(source: SourceText) {
    this.#source = source;
  }

  /** How many errors were added, those over the limit included. */
  get errorCount(): number {
    return this.#errors;
  }

  /**
   * Adds a problem that stands at `span`; over {@linkcode CONFIG_PROBLEMS_MAX} it is only counted.
   * The same problem a second time, of a default that many routes use, adds nothing.
   */
  add(span: Span, message: string, options: ProblemOptions = {}): void {
    const identity = `${span.start} ${message}`;
    if (this.#seen.has(identity)) return;
    const severity = options.severity ?? "error";
    if (severity === "error") this.#errors++;
    if (this.#problems.length >= CONFIG_PROBLEMS_MAX) {
      this.#omitted++;
      return;
    }
    this.#seen.add(identity);
    const place = options.isSecret ? masked(this.place(span)) : this.place(span);
    this.#problems.push({ ...place, severity, message, hint: options.hint });
  }

  /** Says whether what stands at a span is not to be shown. */
  isHidden(span: Span): boolean {
    return this.#source.isHidden(span);
  }

  /** Returns where a span stands. */
  place(span: Span): Place {
    return this.#source.place(span);
  }

  /** Returns the problems in order of position; the last one says how many are left out, if any. */
  sorted(): Problem[] {
    const sorted = this.#problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
    if (this.#omitted === 0) return sorted;
    const message = `Cannot list every problem: ${this.#omitted} more are not shown`;
    return [...sorted, { ...WHOLE_FILE, severity: "error", message, hint: undefined }];
  }
}

function masked(place: Place): Place {
  const { column, length, sourceLine: line } = place;
  if (line === undefined) return place;
  const [start, end] = [column - 1, column - 1 + length];
  return { ...place, sourceLine: line.slice(0, start) + "*".repeat(length) + line.slice(end) };
}
