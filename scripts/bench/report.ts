/**
 * Words what was measured: one table per measure, one of all of them, one of the goals. Pure.
 *
 * @module
 */
import { type Goal, judgeGoal } from "./goals.ts";
import { formatFigure, layoutTable } from "./layout_table.ts";
import type { ProxyResult } from "./run_measure.ts";
import { pairedRatio, summarize } from "./statistics.ts";

/** The proxy that is compared with its peers. */
const OURS = "postern";

/** The proxies that ours is compared with. */
const PEERS = ["nginx", "haproxy", "caddy"];

const FAILURE_LINES_MAX = 12;

/** What a report needs to know of a measure. */
export interface MeasureFacts {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly goals: readonly Goal[];
}

/** A measure with what came of it. */
export interface MeasureResult {
  readonly measure: MeasureFacts;
  readonly proxies: readonly ProxyResult[];
}

/** Formats one measure: proxies below each other, with the spread of their rounds. */
export function formatMeasure({ measure, proxies }: MeasureResult): string[] {
  const peers = PEERS.filter((peer) => proxies.some(({ name }) => name === peer));
  const rows = proxies.map(({ name, figures }) => [
    `  ${name}`,
    ...(figures.length === 0 ? ["-", "-", "-"] : spreadOf(figures)),
    ...peers.map((peer) => formatRatio(pairedRatio(figures, figuresOf(proxies, peer)))),
  ]);
  const head = [`  ${measure.unit}`, "median", "min", "max", ...peers.map((peer) => `to ${peer}`)];
  return [
    ...layoutTable([head, ...rows], ["left", ...Array(head.length - 1).fill("right")]),
    ...measure.goals.map((goal) => formatGoal(goal, proxies)),
    ...proxies.flatMap(({ name, failure }) =>
      failure === undefined ? [] : [`  ${name} failed: ${cutFailure(failure)}`]
    ),
  ];
}

/** Formats all measures: one row each, medians and our ratios to the peers. */
export function formatSummary(results: readonly MeasureResult[]): string[] {
  const names = [...new Set(results.flatMap(({ proxies }) => proxies.map(({ name }) => name)))];
  const peers = PEERS.filter((peer) => names.includes(peer));
  const head = ["measure", "unit", ...names, ...peers.map((peer) => `${OURS}/${peer}`)];
  const rows = results.map(({ measure, proxies }) => [
    measure.id,
    measure.unit,
    ...names.map((name) => formatMedian(figuresOf(proxies, name))),
    ...peers.map((peer) =>
      formatRatio(pairedRatio(figuresOf(proxies, OURS), figuresOf(proxies, peer)))
    ),
  ]);
  const numbers = Array(names.length + peers.length).fill("right");
  return layoutTable([head, ...rows], ["left", "left", ...numbers]);
}

/** Formats every goal of every measure; nothing if none has one. */
export function formatGoals(results: readonly MeasureResult[]): string[] {
  const rows = results.flatMap(({ measure, proxies }) =>
    measure.goals.map((goal) => {
      const { text, reached, verdict } = judgeGoal(goal, proxies);
      return [measure.id, text, reached ?? "-", verdict];
    })
  );
  if (rows.length === 0) return [];
  const head = ["measure", "goal", "reached", ""];
  return layoutTable([head, ...rows], ["left", "left", "right", "left"]);
}

function formatGoal(goal: Goal, proxies: readonly ProxyResult[]): string {
  const { text, reached, verdict } = judgeGoal(goal, proxies);
  return `  goal ${text}: ${reached === undefined ? "" : `${reached}, `}${verdict}`;
}

/** A program's whole output would push the tables off the screen; its beginning names the cause. */
function cutFailure(failure: string): string {
  const lines = failure.trim().split("\n");
  if (lines.length <= FAILURE_LINES_MAX) return lines.join("\n    ");
  return [...lines.slice(0, FAILURE_LINES_MAX), "…"].join("\n    ");
}

function figuresOf(proxies: readonly ProxyResult[], name: string): readonly number[] {
  return proxies.find((each) => each.name === name)?.figures ?? [];
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
