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
  /** In order of position. */
  #hidden: readonly Span[] = [];

  constructor(text: string) {
    this.text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  /** Shows asterisks in the place of these spans from now on. */
  hide(spans: readonly Span[]): void {
    this.#hidden = spans.toSorted((a, b) => a.start - b.start);
    this.#lines.clear();
  }

  /** Says whether a span begins within a hidden one. */
  isHidden({ start }: Span): boolean {
    const hidden = this.#hidden[this.#firstHidden(start)];
    return hidden !== undefined && hidden.start <= start;
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
    const raw = this.#hideIn(this.#lineStarts[line], end - 1);
    const text = maskCredentials(raw.endsWith("\r") ? raw.slice(0, -1) : raw);
    this.#lines.set(line, text);
    return text;
  }

  /** @returns The text between two offsets, of the same length whatever is hidden. */
  #hideIn(start: number, end: number): string {
    const pieces: string[] = [];
    let at = start;
    for (let index = this.#firstHidden(start); index < this.#hidden.length; index++) {
      const hidden = this.#hidden[index];
      if (hidden.start >= end) break;
      const from = Math.max(hidden.start, at);
      const to = Math.min(hidden.end, end);
      // Every alias of a value has its place.
      if (to <= from) continue;
      pieces.push(this.text.slice(at, from), "*".repeat(to - from));
      at = to;
    }
    return pieces.join("") + this.text.slice(at, end);
  }

  /** @returns The index of the first hidden span that ends behind the offset. */
  #firstHidden(offset: number): number {
    let low = 0;
    let high = this.#hidden.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#hidden[middle].end <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
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
