/**
 * Tables of plain text, aligned without colour. Pure.
 *
 * @module
 */

/** Which side of a column its cells keep to. */
export type Alignment = "left" | "right";

/**
 * Lays out rows so that columns are aligned, two spaces between them, none at a line's end.
 *
 * @param rows Of equal length.
 * @param alignments One per column; numbers are read best to the right.
 * @returns One line per row.
 */
export function layoutTable(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[],
): string[] {
  const widths = alignments.map((_, column) =>
    Math.max(0, ...rows.map((row) => row[column].length))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      alignments[column] === "left" ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
    ).join("  ").trimEnd()
  );
}

/** Formats a figure with three digits that count, or more before the point: 0.587, 14.3, 1450. */
export function formatFigure(value: number): string {
  const digits = value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0;
  return value.toFixed(digits);
}
