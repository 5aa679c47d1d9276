/**
 * What a proxy's figure should reach: an absolute value, or a share of another proxy's figure in the
 * same rounds. Pure.
 *
 * @module
 */
import { formatFigure } from "./layout_table.ts";
import type { ProxyResult } from "./run_measure.ts";
import { pairedRatio, summarize } from "./statistics.ts";

/** A figure that is to be stayed below (`most`) or reached (`least`). */
export type Goal = GoalSubject & ({ readonly most: number } | { readonly least: number });

/** Whose figure a goal is about. */
export interface GoalSubject {
  /** The proxy it is set for. */
  readonly of: string;
  /** The proxy it is compared with; undefined if the goal is a figure in the measure's unit. */
  readonly to?: string;
}

/** A goal with what was reached. */
export interface JudgedGoal {
  /** `postern at most 0.50 of nginx`. */
  readonly text: string;
  /** As the goal counts it; undefined if one of the proxies was not measured. */
  readonly reached: string | undefined;
  readonly verdict: "met" | "missed" | "not measured";
}

/** Compares a goal with what was measured. */
export function judgeGoal(goal: Goal, proxies: readonly ProxyResult[]): JudgedGoal {
  const format = goal.to === undefined ? formatFigure : formatRatio;
  const [word, bound] = "most" in goal ? ["most", goal.most] : ["least", goal.least];
  const compared = goal.to === undefined ? "" : ` of ${goal.to}`;
  const text = `${goal.of} at ${word} ${format(bound)}${compared}`;
  const value = valueOf(goal, proxies);
  if (value === undefined) return { text, reached: undefined, verdict: "not measured" };
  const isMet = word === "most" ? value <= bound : value >= bound;
  return { text, reached: format(value), verdict: isMet ? "met" : "missed" };
}

function valueOf({ of, to }: GoalSubject, proxies: readonly ProxyResult[]): number | undefined {
  const figuresOf = (name: string) => proxies.find((each) => each.name === name)?.figures ?? [];
  const figures = figuresOf(of);
  if (to !== undefined) return pairedRatio(figures, figuresOf(to));
  return figures.length === 0 ? undefined : summarize(figures).median;
}

function formatRatio(ratio: number): string {
  return ratio.toFixed(2);
}
