import { strictEqual } from "node:assert/strict";
import { formatTable } from "../../lib/cli/table.ts";

const CASES: readonly [name: string, rows: string[][], text: string][] = [
  ["no rows", [], ""],
  ["one cell", [["A"]], "A"],
  ["columns as wide as their widest cell", [["A", "B"], ["long", "b"]], "A     B\nlong  b"],
  ["no space at the end of a line", [["A", "LONG"], ["a", ""]], "A  LONG\na"],
  ["rows of unequal length", [["A", "B"], ["a"]], "A  B\na"],
];

for (const [name, rows, text] of CASES) {
  Deno.test(`formatTable: ${name}`, () => strictEqual(formatTable(rows), text));
}
