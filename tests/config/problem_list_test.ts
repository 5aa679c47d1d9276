import assert from "node:assert/strict";
import { CONFIG_PROBLEMS_MAX } from "../../lib/base/limits.ts";
import { ProblemList } from "../../lib/config/problem_list.ts";
import { SourceText } from "../../lib/config/source_text.ts";

const newList = () => new ProblemList(new SourceText("one\ntwo\nthree"));

Deno.test("ProblemList sorts by line, then by column", () => {
  const list = newList();
  for (const start of [9, 0, 5, 4]) list.add({ start, end: start + 1 }, `at ${start}`);
  assert.deepEqual(list.sorted().map(({ message }) => message), ["at 0", "at 4", "at 5", "at 9"]);
});

Deno.test("ProblemList tells errors from warnings, and an error is the default", () => {
  const list = newList();
  list.add({ start: 0, end: 1 }, "doubtful", { severity: "warning", hint: "think" });
  assert.equal(list.errorCount, 0);
  list.add({ start: 0, end: 1 }, "wrong");
  assert.equal(list.errorCount, 1);
  assert.deepEqual(list.sorted().map(({ severity, hint }) => [severity, hint]), [
    ["warning", "think"],
    ["error", undefined],
  ]);
});

Deno.test("ProblemList takes the same problem of the same place once", () => {
  const list = newList();
  list.add({ start: 4, end: 5 }, "wrong");
  list.add({ start: 4, end: 5 }, "wrong");
  list.add({ start: 5, end: 6 }, "wrong");
  list.add({ start: 4, end: 5 }, "bad");
  assert.equal(list.errorCount, 3);
  assert.equal(list.sorted().length, 3);
});

Deno.test("ProblemList lists up to its limit, and says how many more there are", () => {
  const list = newList();
  const add = (from: number, to: number) => {
    for (let n = from; n < to; n++) list.add({ start: 0, end: 1 }, `problem ${n}`);
  };
  add(0, CONFIG_PROBLEMS_MAX);
  assert.equal(list.sorted().length, CONFIG_PROBLEMS_MAX);
  add(CONFIG_PROBLEMS_MAX, CONFIG_PROBLEMS_MAX + 2);
  assert.equal(list.errorCount, CONFIG_PROBLEMS_MAX + 2);
  const last = list.sorted().at(-1)!;
  assert.equal(list.sorted().length, CONFIG_PROBLEMS_MAX + 1);
  assert.equal(last.message, "Cannot list every problem: 2 more are not shown");
  assert.equal(last.line, 0);
});

Deno.test("ProblemList shows nothing of a secret, and its place all the same", () => {
  const list = new ProblemList(new SourceText("users: { a: hunter2, b: x }\n"));
  list.add({ start: 12, end: 19 }, "wrong", { isSecret: true });
  const [{ column, length, sourceLine }] = list.sorted();
  assert.deepEqual([column, length, sourceLine], [13, 7, "users: { a: *******, b: x }"]);
});
