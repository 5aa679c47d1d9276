/**
 * Chooses from the results what a plot shows: one plot of passthrough, one of offload. Pure.
 *
 * @module
 */
import { type PlotPanel, renderPlot } from "./plot.ts";
import type { MeasureResult } from "./report.ts";
import { summarize } from "./statistics.ts";

/** What one plot is about. */
interface PlotSubject {
  readonly title: string;
  /** Panel titles by measure, in the order of the panels. Less is better in all of them. */
  readonly panels: Readonly<Record<string, string>>;
}

/** The plots there are. */
export const PLOTS = {
  passthrough: {
    title: "Passthrough: one worker against one worker, less is better",
    panels: {
      "passthrough-bytes": "Bulk data",
      "passthrough-connections": "Connections",
      "passthrough-round-trips": "Round trips of 1 KiB",
      "passthrough-idle": "Memory of 9,900 idle connections",
    },
  },
  offload: {
    title: "Offload: TLS ended, HTTP proxied, less is better; nginx and postern in two hops",
    panels: {
      "offload-requests-h1": "Requests over HTTP/1.1",
      "offload-requests-h2": "Requests over HTTP/2",
      "offload-handshakes-h1": "Connections with a full handshake",
      "offload-websocket": "WebSocket messages of 100 bytes",
      "offload-download-h1": "Downloads over HTTP/1.1",
      "offload-upload-h1": "Uploads over HTTP/1.1",
      "offload-latency-h1": "p99 at half of the maximum load",
      "offload-idle-h1": "Memory of 6,000 idle clients",
    },
  },
} as const satisfies Readonly<Record<string, PlotSubject>>;

/** The name of a plot. */
export type PlotName = keyof typeof PLOTS;

/** Renders a plot. @param machine Lines that say on what and with what was measured. */
export function plotResults(
  name: PlotName,
  { results, machine }: {
    readonly results: readonly MeasureResult[];
    readonly machine: readonly string[];
  },
): string {
  const { title: plotTitle, panels: titles }: PlotSubject = PLOTS[name];
  const panels = Object.entries(titles).flatMap(([id, title]): PlotPanel[] => {
    const result = results.find(({ measure }) => measure.id === id);
    const bars = (result?.proxies ?? []).filter(({ figures }) => figures.length > 0)
      .map(({ name, figures }) => ({ name, value: summarize(figures).median }));
    return result === undefined || bars.length === 0
      ? []
      : [{ title, unit: result.measure.unit, bars }];
  });
  return renderPlot(panels, {
    title: plotTitle,
    notes: machine.map((line) => line.replaceAll(/\s+/g, " ")),
    highlight: "postern",
  });
}
