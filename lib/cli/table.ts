/**
 * Tables that are read without lines and colours. Pure.
 *
 * @module
 */

/** Aligns the cells of rows in columns, two spaces apart; lines have no space at their end. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length))
  );
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd())
    .join("\n");
}
