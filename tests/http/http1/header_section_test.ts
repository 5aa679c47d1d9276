import assert from "node:assert/strict";
import { HEADER_LINES_MAX } from "../../../lib/base/limits.ts";
import { parseHeaderSection } from "../../../lib/http/http1/header_section.ts";

Deno.test("parseHeaderSection: keeps order, case and duplicates", () => {
  assert.deepEqual(parseHeaderSection("Set-Cookie: a\r\nX: 1\r\nset-cookie: b\r\n\r\n", 0), {
    kind: "lines",
    lines: [["Set-Cookie", "a"], ["X", "1"], ["set-cookie", "b"]],
  });
});

Deno.test("parseHeaderSection: begins where it is told, ends at the empty line", () => {
  assert.deepEqual(parseHeaderSection("status\r\nA: b\r\n\r\nC: d\r\n", 8), {
    kind: "lines",
    lines: [["A", "b"]],
  });
  assert.deepEqual(parseHeaderSection("\r\n", 0), { kind: "lines", lines: [] });
});

Deno.test("parseHeaderSection: refuses what is no header line, and cut sections", () => {
  for (const text of ["A: b\r\n folded\r\n\r\n", "A\r\n\r\n", "A: b\r\n", "", "A: b\0\r\n\r\n"]) {
    assert.equal(parseHeaderSection(text, 0).kind, "malformed", JSON.stringify(text));
  }
});

Deno.test("parseHeaderSection: lines one below, at and one above the limit", () => {
  for (const [count, kind] of [[-1, "lines"], [0, "lines"], [1, "too_large"]] as const) {
    const text = `${"A: b\r\n".repeat(HEADER_LINES_MAX + count)}\r\n`;
    assert.equal(parseHeaderSection(text, 0).kind, kind);
  }
});

Deno.test("parseHeaderSection: good and bad lines", () => {
  const cases: [string, readonly [string, string] | undefined][] = [
    ["Host: a", ["Host", "a"]],
    ["Host:a", ["Host", "a"]],
    ["X:\t a:b \t", ["X", "a:b"]],
    ["X:", ["X", ""]],
    ["X: \xe9\x80\xff", ["X", "\xe9\x80\xff"]],
    ["X : a", undefined],
    ["X\t: a", undefined],
    [" X: a", undefined],
    [": a", undefined],
    ["X", undefined],
    ["X: a\0", undefined],
    ["X: a\rb", undefined],
    ["X: a\nb", undefined],
    ["X: a\x7f", undefined],
    ["X\xe9: a", undefined],
    ["X(y): a", undefined],
  ];
  for (const [line, expected] of cases) {
    const section = parseHeaderSection(`${line}\r\n\r\n`, 0);
    assert.deepEqual(section.kind === "lines" ? section.lines[0] : undefined, expected, line);
  }
});
