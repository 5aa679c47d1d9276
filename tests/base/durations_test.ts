import assert from "node:assert/strict";
import { formatDuration, parseDuration } from "../../lib/base/durations.ts";
import { Random } from "../support/random.ts";

Deno.test("parseDuration: reads a number and a unit", () => {
  const cases: Record<string, number> = {
    "250ms": 250,
    "0s": 0,
    "5s": 5_000,
    "5 s": 5_000,
    " 5s ": 5_000,
    "10m": 600_000,
    "10min": 600_000,
    "1h": 3_600_000,
    "1.5h": 5_400_000,
    "30d": 2_592_000_000,
    "1y": 31_536_000_000,
    "0.1ms": 0,
    "0.5ms": 1,
  };
  for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text);
});

Deno.test("parseDuration: refuses what is not a duration", () => {
  const bad = [
    "",
    "90",
    "s",
    "-5s",
    "+5s",
    "5 seconds",
    "5S",
    "5s10ms",
    "1e3s",
    ".5s",
    "5.s",
    "5\ns",
  ];
  // Names that every object has are no units.
  const inherited = ["5constructor", "1valueof", "1tostring"];
  const tooLarge = ["104249992d", `${"9".repeat(400)}ms`];
  for (const text of [...bad, ...inherited, ...tooLarge]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

Deno.test("formatDuration: takes the largest unit that divides", () => {
  const cases: [number, string][] = [
    [0, "0ms"],
    [1, "1ms"],
    [250, "250ms"],
    [5_000, "5s"],
    [90_000, "90s"],
    [90_500, "90500ms"],
    [60_000, "1m"],
    [3_600_000, "1h"],
    [86_400_000, "1d"],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

const SEED = 20260102;
Deno.test(`formatDuration: parseDuration reads what it wrote, seed ${SEED}`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 2_000; round++) {
    const ms = random.below(1_000) * random.pick([1, 1_000, 60_000, 3_600_000, 86_400_000]);
    assert.equal(parseDuration(formatDuration(ms)), ms);
  }
});
