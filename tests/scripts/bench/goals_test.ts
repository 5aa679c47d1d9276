import { deepStrictEqual } from "node:assert/strict";
import { type Goal, type JudgedGoal, judgeGoal } from "../../../scripts/bench/goals.ts";
import type { ProxyResult } from "../../../scripts/bench/run_measure.ts";

const PROXIES: readonly ProxyResult[] = [
  // Something disturbed the second round, of both.
  { name: "nginx", figures: [1, 4, 2], failure: undefined },
  { name: "postern", figures: [0.5, 2, 1.2], failure: undefined },
  { name: "haproxy", figures: [], failure: "ended" },
];

const CASES: readonly [goal: Goal, judged: JudgedGoal][] = [
  [{ of: "postern", most: 1.2 }, {
    text: "postern at most 1.20",
    reached: "1.20",
    verdict: "met",
  }],
  [{ of: "postern", most: 1.1 }, {
    text: "postern at most 1.10",
    reached: "1.20",
    verdict: "missed",
  }],
  [{ of: "postern", to: "nginx", most: 0.5 }, {
    text: "postern at most 0.50 of nginx",
    reached: "0.50",
    verdict: "met",
  }],
  [{ of: "postern", to: "nginx", most: 0.4 }, {
    text: "postern at most 0.40 of nginx",
    reached: "0.50",
    verdict: "missed",
  }],
  [{ of: "postern", to: "haproxy", most: 1 }, {
    text: "postern at most 1.00 of haproxy",
    reached: undefined,
    verdict: "not measured",
  }],
  [{ of: "postern", to: "nginx", least: 0.5 }, {
    text: "postern at least 0.50 of nginx",
    reached: "0.50",
    verdict: "met",
  }],
  [{ of: "postern", least: 1.3 }, {
    text: "postern at least 1.30",
    reached: "1.20",
    verdict: "missed",
  }],
  [{ of: "portable", most: 140 }, {
    text: "portable at most 140",
    reached: undefined,
    verdict: "not measured",
  }],
];

for (const [goal, judged] of CASES) {
  Deno.test(`judgeGoal: ${judged.text} is ${judged.verdict}`, () => {
    deepStrictEqual(judgeGoal(goal, PROXIES), judged);
  });
}
