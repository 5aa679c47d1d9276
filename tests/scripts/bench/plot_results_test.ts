import { deepStrictEqual, ok } from "node:assert/strict";
import { plotResults } from "../../../scripts/bench/plot_results.ts";
import type { MeasureResult } from "../../../scripts/bench/report.ts";

function result(id: string, figures: Readonly<Record<string, readonly number[]>>): MeasureResult {
  return {
    measure: { id, title: "", unit: `unit of ${id}`, goals: [] },
    proxies: Object.entries(figures).map(([name, values]) => ({
      name,
      figures: values,
      failure: undefined,
    })),
  };
}

const RESULTS = [
  result("offload-requests-h1", { nginx: [33], postern: [44] }),
  result("passthrough-idle", { nginx: [15.5], postern: [] }),
  result("passthrough-bytes", { nginx: [0.6, 0.7, 0.8], postern: [0.3] }),
  result("passthrough-connections", { nginx: [] }),
];

Deno.test("plotResults: shows medians of passthrough, in the order of the panels", () => {
  const svg = plotResults(RESULTS, ["machine   2 x CPU"]);
  const texts = Array.from(svg.matchAll(/>([^<>\n]+)<\/text>/g), ([, text]) => text);
  deepStrictEqual(texts.slice(1), [
    ...["Bulk data", "unit of passthrough-bytes", "nginx", "0.700", "postern", "0.300"],
    ...["Memory of 9,900 idle connections", "unit of passthrough-idle", "nginx", "15.5"],
    "machine 2 x CPU",
  ]);
});

Deno.test("plotResults: without results there is an image without panels", () => {
  ok(!plotResults([], []).includes("<rect"));
});
