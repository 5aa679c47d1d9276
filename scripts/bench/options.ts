/**
 * The command line of the benchmarks. Pure.
 *
 * @module
 */
import { parseArgs } from "node:util";

/** What to run. */
export interface BenchOptions {
  readonly kind: "options";
  /** Ids of the measures to take, in the order of the list of all. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** Of each measure's amount of load. */
  readonly share: number;
  /** `relay.engine` of the Postern that goals are set for. */
  readonly engine: "splice" | "portable";
  /** Where the plot of passthrough is written; undefined means nowhere. */
  readonly plot: string | undefined;
  /** Where the plot of offload is written; undefined means nowhere. */
  readonly plotOffload: string | undefined;
}

/** Options, or what is wrong with them or was asked about them. */
export type BenchOptionsResult =
  | BenchOptions
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "problem"; readonly text: string };

const ROUNDS = 3;
const ROUNDS_MAX = 100;
const QUICK_SHARE = 1 / 5;

/**
 * Parses the arguments.
 *
 * @param ids Of all measures.
 */
export function parseBenchOptions(
  args: readonly string[],
  ids: readonly string[],
): BenchOptionsResult {
  let values;
  try {
    values = parseArgs({
      args: [...args],
      options: {
        only: { type: "string", multiple: true, default: [] },
        rounds: { type: "string" },
        engine: { type: "string", default: "splice" },
        plot: { type: "string" },
        "plot-offload": { type: "string" },
        quick: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    return { kind: "problem", text: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) return { kind: "help", text: helpText(ids) };
  const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    const text = `Cannot use "${values.rounds}" as --rounds: expected 1 to ${ROUNDS_MAX}`;
    return { kind: "problem", text };
  }
  const { engine, plot } = values;
  if (engine !== "splice" && engine !== "portable") {
    return {
      kind: "problem",
      text: `Cannot use "${engine}" as --engine: expected splice, portable`,
    };
  }
  const wanted = values.only.flatMap((list) => list.split(","));
  const unknown = wanted.find((part) => !ids.some((id) => id.includes(part)));
  if (unknown !== undefined) {
    const text = `Cannot use "${unknown}" as --only: no measure has it in its name`;
    return { kind: "problem", text };
  }
  const only = ids.filter((id) => wanted.length === 0 || wanted.some((part) => id.includes(part)));
  const share = values.quick ? QUICK_SHARE : 1;
  const plotOffload = values["plot-offload"];
  return { kind: "options", only, rounds, share, engine, plot, plotOffload };
}

function helpText(ids: readonly string[]): string {
  return [
    "deno task bench [--only <part of a name>[,…]] [--rounds <n>] [--quick]",
    "                [--engine splice|portable] [--plot <file>]",
    "                [--plot-offload <file>]",
    "",
    "  --only    only measures with one of these words in their names",
    `  --rounds  how often each proxy is measured; default ${ROUNDS}`,
    "  --quick   one round with a fifth of the load: shows that it runs, the figures are rough",
    "  --engine  the relay engine of the proxy called postern; default splice",
    "  --plot    writes the passthrough measures as an SVG image",
    "  --plot-offload  writes the offload measures as an SVG image",
    "",
    "Measures:",
    ...ids.map((id) => `  ${id}`),
  ].join("\n");
}
