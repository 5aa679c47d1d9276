/**
 * Turns offsets of a text into lines and columns. Pure.
 *
 * @module
 */
import { maskCredentials, type Place } from "./problem.ts";

/** A half-open range of UTF-16 offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A text and where its lines begin. Lines end with LF or CR LF. */
export class SourceText {
  readonly text: string;
  readonly #lineStarts: number[] = [0];
  /** Lines that were asked for: thousands of problems may stand on one line of megabytes. */
  readonly #lines = new Map<number, string>();

  constructor(text: string) {
    this.text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  /** Returns where a span begins; of a span over several lines only the first counts. */
  place(span: Span): Place {
    const start = Math.max(0, Math.min(span.start, this.text.length));
    const line = this.#lineOf(start);
    const lineStart = this.#lineStarts[line];
    const sourceLine = this.#lineText(line);
    // The end of a line, its CR included, is where "something is missing" points.
    const column = Math.min(start - lineStart, sourceLine.length);
    const length = Math.min(span.end - start, sourceLine.length - column);
    return { line: line + 1, column: column + 1, length: Math.max(1, length), sourceLine };
  }

  #lineText(line: number): string {
    const known = this.#lines.get(line);
    if (known !== undefined) return known;
    const end = this.#lineStarts[line + 1] ?? this.text.length + 1;
    const raw = this.text.slice(this.#lineStarts[line], end - 1);
    const text = maskCredentials(raw.endsWith("\r") ? raw.slice(0, -1) : raw);
    this.#lines.set(line, text);
    return text;
  }

  /** @returns The last line, from 0, that begins at or before the offset. */
  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
