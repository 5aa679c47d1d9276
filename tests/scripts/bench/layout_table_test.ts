import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { formatFigure, layoutTable } from "../../../scripts/bench/layout_table.ts";

Deno.test("layoutTable: aligns columns and ends lines without spaces", () => {
  deepStrictEqual(
    layoutTable([["name", "us", ""], ["a", "7", "met"], ["longer", "1450", ""]], [
      "left",
      "right",
      "left",
    ]),
    ["name      us", "a          7  met", "longer  1450"],
  );
});

Deno.test("layoutTable: no rows are no lines", () => {
  deepStrictEqual(layoutTable([], ["left"]), []);
});

const FIGURES: readonly [value: number, text: string][] = [
  [0, "0.000"],
  [0.5874, "0.587"],
  [1, "1.00"],
  [9.876, "9.88"],
  // Rounding may add a digit; it must not make a figure look more exact than its neighbours.
  [9.999, "10.00"],
  [14.25, "14.3"],
  [140, "140"],
  [1450.4, "1450"],
];

for (const [value, text] of FIGURES) {
  Deno.test(`formatFigure: ${value} is ${text}`, () => {
    strictEqual(formatFigure(value), text);
  });
}
