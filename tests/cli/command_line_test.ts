import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { EXIT, runCommandLine } from "../../lib/cli/command_line.ts";
import { recordTerminal } from "./recorded_terminal.ts";

const LISTING = '"postern help" lists the verbs and options';

const WRONG: readonly [args: string[], problem: string, hint: string][] = [
  [["frob"], 'Cannot run "frob": unknown verb', LISTING],
  [["chekc"], 'Cannot run "chekc": unknown verb', 'did you mean "check"?'],
  [["CHECK"], 'Cannot run "CHECK": unknown verb', 'did you mean "check"?'],
  [["constructor"], 'Cannot run "constructor": unknown verb', LISTING],
  [["__proto__"], 'Cannot run "__proto__": unknown verb', LISTING],
  [[""], 'Cannot run "": unknown verb', LISTING],
  [["check", "more"], 'Cannot run "check": unexpected argument "more"', LISTING],
  [["check", "--frob"], 'Cannot use "--frob": unknown option', LISTING],
  [["check", "--größe=1"], 'Cannot use "--größe": unknown option', LISTING],
  [["check", "-x"], 'Cannot use "-x": unknown option', LISTING],
  [["check", "--confg", "a"], 'Cannot use "--confg": unknown option', 'did you mean "--config"?'],
  [["check", "--config"], 'Cannot use "--config": its value is missing', LISTING],
  [["check", "-c"], 'Cannot use "--config": its value is missing', LISTING],
  [["check", "--config", "--state"], 'Cannot use "--config": its value is missing', LISTING],
  [["run", "--state"], 'Cannot use "--state": its value is missing', LISTING],
  [["check", "--apply"], 'Cannot use "--apply": only "transparent" has it', LISTING],
  [["run", "--remove"], 'Cannot use "--remove": only "transparent" has it', LISTING],
  [
    ["transparent", "--apply", "--remove"],
    'Cannot use "--remove": "--apply" is given as well',
    LISTING,
  ],
  [["--help=yes"], 'Cannot use "--help": it takes no value', LISTING],
];

for (const [args, problem, hint] of WRONG) {
  Deno.test(`runCommandLine: refuses ${JSON.stringify(args)} with a hint and exit code 2`, async () => {
    const terminal = recordTerminal();
    strictEqual(await runCommandLine(args, terminal), EXIT.usage);
    deepStrictEqual(terminal.results, []);
    deepStrictEqual(terminal.remarks, [`postern: ${problem}`, `  hint: ${hint}`]);
  });
}

const RIGHT: readonly [args: string[], firstLine: RegExp][] = [
  [[], /^Postern: /],
  [["help"], /^Postern: /],
  [["-h"], /^Postern: /],
  [["run", "--help"], /^Postern: /],
  [["--version"], /^postern \d/],
  [["version"], /^postern \d/],
  [["schema"], /^\{/],
];

for (const [args, firstLine] of RIGHT) {
  Deno.test(`runCommandLine: answers ${JSON.stringify(args)} on standard output`, async () => {
    const terminal = recordTerminal();
    strictEqual(await runCommandLine(args, terminal), EXIT.done);
    match(terminal.results[0], firstLine);
    deepStrictEqual(terminal.remarks, []);
  });
}

const FILE_OPTIONS = [["--config", "/nowhere/x.yaml"], ["--config=/nowhere/x.yaml"]]
  .concat([["-c", "/nowhere/x.yaml"], ["-c/nowhere/x.yaml"]]);

for (const args of FILE_OPTIONS) {
  Deno.test(`runCommandLine: hands ${JSON.stringify(args)} to the verb`, async () => {
    const terminal = recordTerminal();
    strictEqual(await runCommandLine(["check", ...args], terminal), EXIT.usage);
    match(terminal.remarks[0], /^\/nowhere\/x\.yaml: error: .*no such file/);
  });
}

Deno.test("runCommandLine: a result that could not be written is a failure", async () => {
  const terminal = recordTerminal(new Error("no space left"));
  strictEqual(await runCommandLine(["version"], terminal), EXIT.failed);
  deepStrictEqual(terminal.remarks, ["postern: Cannot write the result: no space left"]);
});
