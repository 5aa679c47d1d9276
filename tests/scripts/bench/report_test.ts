import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  formatGoals,
  formatMeasure,
  formatSummary,
  type MeasureResult,
} from "../../../scripts/bench/report.ts";

const BYTES: MeasureResult = {
  measure: {
    id: "bytes",
    title: "bulk data",
    unit: "CPU s per GiB",
    goals: [{ of: "postern", to: "nginx", most: 0.5 }, { of: "postern", most: 0.9 }],
  },
  proxies: [
    { name: "nginx", figures: [0.5, 0.7, 0.6], failure: undefined },
    { name: "haproxy", figures: [0.6, 0.6, 0.6], failure: undefined },
    { name: "postern", figures: [1, 0.7, 0.9], failure: undefined },
  ],
};

const REQUESTS: MeasureResult = {
  measure: {
    id: "requests",
    title: "small answers",
    unit: "CPU us per request",
    goals: [{ of: "postern", most: 40 }],
  },
  proxies: [
    { name: "nginx", figures: [20], failure: undefined },
    { name: "postern", figures: [41], failure: undefined },
  ],
};

const BROKEN: MeasureResult = {
  measure: { id: "broken", title: "nothing works", unit: "KiB", goals: [] },
  proxies: [
    { name: "nginx", figures: [], failure: "port is taken\nsecond line" },
    { name: "postern", figures: [12.5], failure: undefined },
  ],
};

Deno.test("formatMeasure: shows median, spread, ratio and goal", () => {
  deepStrictEqual(formatMeasure(BYTES), [
    "  CPU s per GiB  median    min    max  to nginx  to haproxy",
    "  nginx           0.600  0.500  0.700      1.00        1.00",
    "  haproxy         0.600  0.600  0.600      1.00        1.00",
    "  postern         0.900  0.700   1.00      1.50        1.50",
    "  goal postern at most 0.50 of nginx: 1.50, missed",
    "  goal postern at most 0.900: 0.900, met",
  ]);
});

Deno.test("formatMeasure: says what failed, and compares with nothing then", () => {
  deepStrictEqual(formatMeasure(BROKEN), [
    "  KiB      median   min   max  to nginx",
    "  nginx         -     -     -         -",
    "  postern    12.5  12.5  12.5         -",
    "  nginx failed: port is taken\n    second line",
  ]);
});

Deno.test("formatMeasure: cuts the output of a program that failed", () => {
  const failure = Array.from({ length: 100 }, (_, at) => `line ${at}`).join("\n");
  const proxies = [{ name: "postern", figures: [], failure }];
  const text = formatMeasure({ ...BROKEN, proxies }).join("\n");
  ok(text.includes("line 11") && text.endsWith("…") && !text.includes("line 12"), text);
});

Deno.test("formatSummary: has a row per measure and a column per proxy", () => {
  deepStrictEqual(formatSummary([BYTES, REQUESTS, BROKEN]), [
    "measure   unit                nginx  haproxy  postern  postern/nginx  postern/haproxy",
    "bytes     CPU s per GiB       0.600    0.600    0.900           1.50             1.50",
    "requests  CPU us per request   20.0        -     41.0           2.05                -",
    "broken    KiB                     -        -     12.5              -                -",
  ]);
});

Deno.test("formatGoals: has a row per goal, with what was reached", () => {
  deepStrictEqual(formatGoals([BYTES, REQUESTS, BROKEN]), [
    "measure   goal                           reached",
    "bytes     postern at most 0.50 of nginx     1.50  missed",
    "bytes     postern at most 0.900            0.900  met",
    "requests  postern at most 40.0              41.0  missed",
  ]);
  deepStrictEqual(formatGoals([BROKEN]), []);
});

Deno.test("formatGoals: a goal nobody was measured for is neither met nor missed", () => {
  const proxies = [{ name: "postern", figures: [], failure: "ended" }];
  const rows = formatGoals([{ ...BYTES, proxies }]);
  strictEqual(rows[1], "bytes    postern at most 0.50 of nginx        -  not measured");
  strictEqual(rows[2], "bytes    postern at most 0.900                -  not measured");
});
