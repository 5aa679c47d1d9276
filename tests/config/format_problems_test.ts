import assert from "node:assert/strict";
import { formatProblems } from "../../lib/config/format_problems.ts";
import { type Problem, WHOLE_FILE } from "../../lib/config/problem.ts";

const HELLO: Problem = {
  severity: "error",
  line: 3,
  column: 21,
  length: 2,
  sourceLine: "timeouts: { hello:  90 }",
  message: 'Cannot use 90 as "timeouts.hello": unit is missing',
  hint: undefined,
};

const CASES: readonly [name: string, problem: Problem, lines: readonly string[]][] = [
  ["place, sentence, line and caret", HELLO, [
    'routes.yaml:3:21: error: Cannot use 90 as "timeouts.hello": unit is missing',
    "   3 | timeouts: { hello:  90 }",
    "     |                     ^^",
  ]],
  ["a hint", { ...HELLO, hint: 'write "90s"' }, [
    'routes.yaml:3:21: error: Cannot use 90 as "timeouts.hello": unit is missing',
    "   3 | timeouts: { hello:  90 }",
    "     |                     ^^",
    '  hint: write "90s"',
  ]],
  ["a line number wider than the gutter", { ...HELLO, line: 123_456, message: "m" }, [
    "routes.yaml:123456:21: error: m",
    "123456 | timeouts: { hello:  90 }",
    "       |                     ^^",
  ]],
  ["a warning", { ...HELLO, severity: "warning", sourceLine: undefined, message: "m" }, [
    "routes.yaml:3:21: warning: m",
  ]],
  ["no place for the file as a whole", {
    ...WHOLE_FILE,
    severity: "error",
    message: "m",
    hint: "h",
  }, [
    "routes.yaml: error: m",
    "  hint: h",
  ]],
  ["a caret below tabs", { ...HELLO, sourceLine: "\ta:\t90", column: 5, message: "m" }, [
    "routes.yaml:3:5: error: m",
    "   3 | \ta:\t90",
    "     | \t  \t^^",
  ]],
  ["an end of line", { ...HELLO, sourceLine: "a:", column: 3, length: 1, message: "m" }, [
    "routes.yaml:3:3: error: m",
    "   3 | a:",
    "     |   ^",
  ]],
  [
    "control and direction characters as one width",
    { ...HELLO, sourceLine: "\u001b[2J\u202e x", column: 7, length: 1, message: "m" },
    [
      "routes.yaml:3:7: error: m",
      "   3 | \ufffd[2J\ufffd x",
      "     |       ^",
    ],
  ],
];

for (const [name, problem, lines] of CASES) {
  Deno.test(`formatProblems shows ${name}`, () => {
    assert.equal(formatProblems([problem], { path: "routes.yaml" }), `${lines.join("\n")}\n`);
  });
}

Deno.test("formatProblems shows nothing for no problem, and several in their order", () => {
  assert.equal(formatProblems([], { path: "p" }), "");
  const two = ["a", "b"].map((message) => ({ ...HELLO, sourceLine: undefined, message }));
  assert.equal(formatProblems(two, { path: "p" }), "p:3:21: error: a\np:3:21: error: b\n");
});

Deno.test("formatProblems colors only when asked, and only adds escapes then", () => {
  const plain = formatProblems([HELLO], { path: "p" });
  const colored = formatProblems([HELLO], { path: "p", color: true });
  assert.doesNotMatch(plain, /\p{Cc}(?<!\n)/u);
  assert(colored.includes("\u001b["));
  assert.equal(colored.replace(/\p{Cc}\[[\d;]*m/gu, ""), plain);
});

for (const column of [1, 39, 40, 41, 119, 120, 121, 500, 4_990, 4_999]) {
  Deno.test(`formatProblems cuts a long line around column ${column}`, () => {
    const sourceLine = `${"-".repeat(column - 1)}XY${"-".repeat(5_000 - column - 1)}`;
    const text = formatProblems([{ ...HELLO, sourceLine, column }], { path: "p" });
    const [, shown, caret] = text.split("\n");
    assert(shown.length <= 7 + 122, `${shown.length}`);
    const at = caret.indexOf("^");
    assert.equal(shown.slice(at, at + 2), "XY");
    assert.equal(caret.slice(at), "^^");
  });
}
