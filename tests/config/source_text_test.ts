import assert from "node:assert/strict";
import { SourceText } from "../../lib/config/source_text.ts";

//            0123 4567 8 9
const TEXT = "abc\nde\r\n\nfg";

const PLACES: readonly [
  start: number,
  end: number,
  place: readonly [line: number, column: number, length: number, sourceLine: string],
][] = [
  [0, 3, [1, 1, 3, "abc"]],
  [1, 2, [1, 2, 1, "abc"]],
  [3, 4, [1, 4, 1, "abc"]],
  [4, 6, [2, 1, 2, "de"]],
  [6, 8, [2, 3, 1, "de"]],
  [7, 8, [2, 3, 1, "de"]],
  [8, 9, [3, 1, 1, ""]],
  [9, 11, [4, 1, 2, "fg"]],
  [11, 11, [4, 3, 1, "fg"]],
  [1, 11, [1, 2, 2, "abc"]],
  [99, 120, [4, 3, 1, "fg"]],
  [-5, 1, [1, 1, 1, "abc"]],
];

for (const [start, end, [line, column, length, sourceLine]] of PLACES) {
  Deno.test(`SourceText places ${start} to ${end} at ${line}:${column}, ${length} long`, () => {
    const place = new SourceText(TEXT).place({ start, end });
    assert.deepEqual(place, { line, column, length, sourceLine });
  });
}

Deno.test("SourceText has one empty line for no text", () => {
  const place = new SourceText("").place({ start: 0, end: 0 });
  assert.deepEqual(place, { line: 1, column: 1, length: 1, sourceLine: "" });
});

Deno.test("SourceText hides credentials without moving what follows", () => {
  const text = "a: http://me:secret@host/ # http://x@y";
  const { sourceLine } = new SourceText(text).place({ start: 0, end: 1 });
  assert.equal(sourceLine, "a: http://*********@host/ # http://*@y");
});
