import { deepStrictEqual, ok } from "node:assert/strict";
import { type PlotName, plotResults, PLOTS } from "../../../scripts/bench/plot_results.ts";
import { MEASURES } from "../../../scripts/bench/measures.ts";
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

function textsOf(name: PlotName): string[] {
  const svg = plotResults(name, { results: RESULTS, machine: ["machine   2 x CPU"] });
  return Array.from(svg.matchAll(/>([^<>\n]+)<\/text>/g), ([, text]) => text);
}

Deno.test("plotResults: shows medians of passthrough, in the order of the panels", () => {
  deepStrictEqual(textsOf("passthrough").slice(1), [
    ...["Bulk data", "unit of passthrough-bytes", "nginx", "0.700", "postern", "0.300"],
    ...["Memory of 9,900 idle connections", "unit of passthrough-idle", "nginx", "15.5"],
    "machine 2 x CPU",
  ]);
});

Deno.test("plotResults: shows the measures of offload in a plot of their own", () => {
  deepStrictEqual(textsOf("offload").slice(1), [
    ...["Requests over HTTP/1.1", "unit of offload-requests-h1"],
    ...["nginx", "33.0", "postern", "44.0"],
    "machine 2 x CPU",
  ]);
});

for (const name of ["passthrough", "offload"] as const) {
  Deno.test(`plotResults: every panel of ${name} is a measure of which less is better`, () => {
    for (const id of Object.keys(PLOTS[name].panels)) {
      const measure = MEASURES.find((each) => each.id === id);
      ok(measure?.goals.every((goal) => "most" in goal), id);
    }
  });

  Deno.test(`plotResults: without results there is an image of ${name} without panels`, () => {
    ok(!plotResults(name, { results: [], machine: [] }).includes("<rect"));
  });
}
