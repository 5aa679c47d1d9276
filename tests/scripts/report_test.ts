import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  addOutcomes,
  formatCounts,
  formatSeconds,
  NOTHING,
  outcomeOfCheck,
  outcomeOfTests,
} from "../../scripts/test/report.ts";

const ENDED_WELL = { name: "unit tests", success: true, why: "exit code 0" };
const ENDED_BADLY = { name: "unit tests", success: false, why: "exit code 1" };

const SUMMARIES = [
  ["ok | 12 passed | 0 failed (463ms)", [12, 0, 0]],
  ["ok | 12 passed (30 steps) | 0 failed | 1 ignored (2 steps) (1s)", [12, 0, 1]],
  ["ok | 1 passed | 0 failed | 41 filtered out (3ms)", [1, 0, 0]],
  ["ok | 0 passed | 0 failed | 7 ignored | 3 filtered out (3ms)", [0, 0, 7]],
] as const;

for (const [summary, [passed, failed, skipped]] of SUMMARIES) {
  Deno.test(`outcomeOfTests: counts "${summary}"`, () => {
    const lines = ["running 1 test from ./a_test.ts", "", summary, ""];
    deepStrictEqual(outcomeOfTests(lines, ENDED_WELL).counts, { passed, failed, skipped });
  });
}

Deno.test("outcomeOfTests: names what failed and what was skipped, and no steps", () => {
  const lines = [
    "first: works ... ok (1ms)",
    "second: has steps ...",
    "  a step ... ok (0ms)",
    "  another step ... FAILED (0ms)",
    "second: has steps ... FAILED (due to 1 failed step) (2ms)",
    "third: needs nginx (skipped: nginx not installed) ... ignored (0ms)",
    "FAILED | 1 passed (1 step) | 1 failed (1 step) | 1 ignored (4ms)",
  ];
  deepStrictEqual(outcomeOfTests(lines, ENDED_BADLY), {
    counts: { passed: 1, failed: 1, skipped: 1 },
    failures: ["second: has steps"],
    skips: ["third: needs nginx (skipped: nginx not installed)"],
  });
});

Deno.test("outcomeOfTests: a process that fails and counts no failure is one failure", () => {
  deepStrictEqual(outcomeOfTests(["ok | 3 passed | 0 failed (1ms)"], ENDED_BADLY), {
    counts: { passed: 3, failed: 1, skipped: 0 },
    failures: ["unit tests: exit code 1"],
    skips: [],
  });
});

Deno.test("outcomeOfTests: output without a summary is one failure, whatever the exit code", () => {
  for (const end of [ENDED_WELL, ENDED_BADLY]) {
    strictEqual(outcomeOfTests(["error: Type checking failed."], end).counts.failed, 1);
    strictEqual(outcomeOfTests([], end).counts.failed, 1);
  }
});

Deno.test("outcomeOfTests: the last summary counts, not what a test printed before", () => {
  const lines = ["ok | 99 passed | 0 failed (1ms)", "FAILED | 1 passed | 2 failed (1ms)"];
  deepStrictEqual(outcomeOfTests(lines, ENDED_BADLY).counts, { passed: 1, failed: 2, skipped: 0 });
});

Deno.test("outcomeOfCheck: counts as one test", () => {
  strictEqual(formatCounts(outcomeOfCheck("deno lint", true).counts), "1 passed, 0 failed");
  const failed = outcomeOfCheck("deno lint", false);
  strictEqual(formatCounts(failed.counts), "0 passed, 1 failed");
  deepStrictEqual(failed.failures, ["deno lint"]);
});

Deno.test("addOutcomes: adds counts and keeps names in order", () => {
  const skipped = { ...NOTHING, counts: { passed: 0, failed: 0, skipped: 1 }, skips: ["c"] };
  const total = addOutcomes([outcomeOfCheck("a", false), outcomeOfCheck("b", true), skipped]);
  strictEqual(formatCounts(total.counts), "1 passed, 1 failed, 1 skipped");
  deepStrictEqual([total.failures, total.skips], [["a"], ["c"]]);
});

Deno.test("formatCounts: leaves skipped out when there are none", () => {
  strictEqual(formatCounts({ passed: 0, failed: 0, skipped: 0 }), "0 passed, 0 failed");
});

Deno.test("formatSeconds: is right-aligned", () => {
  deepStrictEqual([40, 74_960].map(formatSeconds), ["   0.0 s", "  75.0 s"]);
});
