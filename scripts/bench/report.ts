/**
 * Words what was measured: one table per measure, one of all of them. Pure.
 *
 * @module
 */
import { formatFigure, layoutTable } from "./layout_table.ts";
import type { ProxyResult } from "./run_measure.ts";
import { pairedRatio, summarize } from "./statistics.ts";

/** The proxy that goals are set for. */
const OURS = "postern";

/** The proxy that ours is compared with. */
const PEER = "nginx";

const FAILURE_LINES_MAX = 12;

/** What a report needs to know of a measure. */
export interface MeasureFacts {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** In the unit; undefined if none has been set. */
  readonly goal: number | undefined;
}

/** A measure with what came of it. */
export interface MeasureResult {
  readonly measure: MeasureFacts;
  readonly proxies: readonly ProxyResult[];
}

/** Formats one measure: proxies below each other, with the spread of their rounds. */
export function formatMeasure({ measure, proxies }: MeasureResult): string[] {
  const peer = proxies.find(({ name }) => name === PEER)?.figures ?? [];
  const rows = proxies.map(({ name, figures }) => [
    `  ${name}`,
    ...(figures.length === 0 ? ["-", "-", "-"] : spreadOf(figures)),
    formatRatio(pairedRatio(figures, peer)),
  ]);
  const head = [`  ${measure.unit}`, "median", "min", "max", `to ${PEER}`];
  return [
    ...layoutTable([head, ...rows], ["left", "right", "right", "right", "right"]),
    ...goalLines(measure.goal, proxies.find(({ name }) => name === OURS)?.figures ?? []),
    ...proxies.flatMap(({ name, failure }) =>
      failure === undefined ? [] : [`  ${name} failed: ${cutFailure(failure)}`]
    ),
  ];
}

/** Formats all measures: one row each, medians, our ratio and our goal. */
export function formatSummary(results: readonly MeasureResult[]): string[] {
  const names = [...new Set(results.flatMap(({ proxies }) => proxies.map(({ name }) => name)))];
  const head = ["measure", "unit", ...names, `${OURS}/${PEER}`, "goal", ""];
  const rows = results.map(({ measure, proxies }) => {
    const figures = (name: string) => proxies.find((each) => each.name === name)?.figures ?? [];
    return [
      measure.id,
      measure.unit,
      ...names.map((name) => formatMedian(figures(name))),
      formatRatio(pairedRatio(figures(OURS), figures(PEER))),
      measure.goal === undefined ? "-" : formatFigure(measure.goal),
      judge(measure.goal, figures(OURS)),
    ];
  });
  const numbers = names.map(() => "right" as const);
  return layoutTable([head, ...rows], ["left", "left", ...numbers, "right", "right", "left"]);
}

/** A program's whole output would push the tables off the screen; its beginning names the cause. */
function cutFailure(failure: string): string {
  const lines = failure.trim().split("\n");
  if (lines.length <= FAILURE_LINES_MAX) return lines.join("\n    ");
  return [...lines.slice(0, FAILURE_LINES_MAX), "…"].join("\n    ");
}

function goalLines(goal: number | undefined, figures: readonly number[]): string[] {
  const verdict = judge(goal, figures);
  return goal === undefined || verdict === "" ? [] : [`  goal ${formatFigure(goal)}: ${verdict}`];
}

function judge(goal: number | undefined, figures: readonly number[]): string {
  if (goal === undefined || figures.length === 0) return "";
  return summarize(figures).median <= goal ? "met" : "missed";
}

function spreadOf(figures: readonly number[]): string[] {
  const { median, min, max } = summarize(figures);
  return [median, min, max].map(formatFigure);
}

function formatMedian(figures: readonly number[]): string {
  return figures.length === 0 ? "-" : formatFigure(summarize(figures).median);
}

function formatRatio(ratio: number | undefined): string {
  return ratio === undefined ? "-" : ratio.toFixed(2);
}
