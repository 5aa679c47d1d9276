import { strictEqual, throws } from "node:assert/strict";
import { Latencies } from "../../../../scripts/bench/load/latencies.ts";

const CASES: readonly [name: string, values: number[], share: number, expected: string][] = [
  ["one value", [3], 0.99, "3.01"],
  ["100 values", Array.from({ length: 100 }, (_, index) => index), 0.99, "98.01"],
  ["100 values, the middle", Array.from({ length: 100 }, (_, index) => index), 0.5, "49.01"],
  ["all of them", [1, 2, 3], 1, "3.01"],
  ["values in no order", [5, 1, 4, 2, 3], 0.6, "3.01"],
  ["less than a bucket", [0, 0.001], 0.99, "0.01"],
  ["longer than the longest", [1e9], 0.5, "2000.00"],
];

for (const [name, values, share, expected] of CASES) {
  Deno.test(`Latencies: ${share} of ${name} is ${expected} ms`, () => {
    const latencies = new Latencies();
    for (const value of values) latencies.add(value);
    strictEqual(latencies.count, values.length);
    strictEqual(latencies.percentile(share).toFixed(2), expected);
  });
}

Deno.test("Latencies: there is no percentile of nothing", () => {
  throws(() => new Latencies().percentile(0.5), RangeError);
});
