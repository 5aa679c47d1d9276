import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { parseBenchOptions } from "../../../scripts/bench/options.ts";

const IDS = ["passthrough-bytes", "passthrough-idle", "offload-requests-h2"];

const GOOD: readonly [args: string[], only: string[], rounds: number, share: number][] = [
  [[], IDS, 3, 1],
  [["--quick"], IDS, 1, 1 / 5],
  [["--quick", "--rounds", "2"], IDS, 2, 1 / 5],
  [["--rounds=7"], IDS, 7, 1],
  [["--only", "offload"], ["offload-requests-h2"], 3, 1],
  // In the order of the list, whatever the order of the words; no measure twice.
  [["--only", "h2,pass,bytes"], IDS, 3, 1],
  [["--only", "idle", "--only", "h2"], ["passthrough-idle", "offload-requests-h2"], 3, 1],
];

for (const [args, only, rounds, share] of GOOD) {
  Deno.test(`parseBenchOptions: takes "${args.join(" ")}"`, () => {
    const rest = { engine: "splice", plot: undefined, plotOffload: undefined };
    deepStrictEqual(parseBenchOptions(args, IDS), {
      kind: "options",
      only,
      rounds,
      share,
      ...rest,
    });
  });
}

Deno.test("parseBenchOptions: takes an engine and files for the plots", () => {
  const args = ["--engine", "portable", "--plot", "a.svg", "--plot-offload", "b.svg"];
  const result = parseBenchOptions(args, IDS);
  deepStrictEqual(
    "engine" in result && [result.engine, result.plot, result.plotOffload],
    ["portable", "a.svg", "b.svg"],
  );
});

const BAD: readonly [args: string[], problem: RegExp][] = [
  [["--only", "idle,nonsense"], /"nonsense"/],
  [["--rounds", "0"], /"0".*1 to 100/],
  [["--rounds", "1.5"], /"1\.5"/],
  [["--rounds", "many"], /"many"/],
  [["--rounds", "101"], /"101"/],
  [["--engine", "steam"], /"steam"/],
  [["--fast"], /--fast/],
  [["stray"], /stray/],
];

for (const [args, problem] of BAD) {
  Deno.test(`parseBenchOptions: refuses "${args.join(" ")}"`, () => {
    const result = parseBenchOptions(args, IDS);
    strictEqual(result.kind, "problem");
    match("text" in result ? result.text : "", problem);
  });
}

Deno.test("parseBenchOptions: help lists every measure", () => {
  const result = parseBenchOptions(["--help"], IDS);
  ok(result.kind === "help" && IDS.every((id) => result.text.includes(id)));
});
