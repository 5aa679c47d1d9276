/**
 * Chooses from the results what the plot shows: passthrough, where there are peers to compare with.
 * Pure.
 *
 * @module
 */
import { type PlotPanel, renderPlot } from "./plot.ts";
import type { MeasureResult } from "./report.ts";
import { summarize } from "./statistics.ts";

/** Panel titles by measure, in the order of the panels. */
const TITLES: Readonly<Record<string, string>> = {
  "passthrough-bytes": "Bulk data",
  "passthrough-connections": "Connections",
  "passthrough-round-trips": "Round trips of 1 KiB",
  "passthrough-idle": "Memory of 9,900 idle connections",
};

/** Renders the plot. @param machine Lines that say on what and with what was measured. */
export function plotResults(results: readonly MeasureResult[], machine: readonly string[]): string {
  const panels = Object.entries(TITLES).flatMap(([id, title]): PlotPanel[] => {
    const result = results.find(({ measure }) => measure.id === id);
    const bars = (result?.proxies ?? []).filter(({ figures }) => figures.length > 0)
      .map(({ name, figures }) => ({ name, value: summarize(figures).median }));
    return result === undefined || bars.length === 0
      ? []
      : [{ title, unit: result.measure.unit, bars }];
  });
  return renderPlot(panels, {
    title: "Passthrough: one worker against one worker, less is better",
    notes: machine.map((line) => line.replaceAll(/\s+/g, " ")),
    highlight: "postern",
  });
}
