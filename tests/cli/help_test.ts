import { strictEqual } from "node:assert/strict";
import { EXIT, runCommandLine } from "../../lib/cli/command_line.ts";
import { recordTerminal } from "./recorded_terminal.ts";

async function helpText(): Promise<string> {
  const terminal = recordTerminal();
  await runCommandLine(["help"], terminal);
  return terminal.results.join("\n");
}

Deno.test("help: names every verb, and each verb it names exists", async () => {
  const verbs = /\nverbs\n([^]*?)\n\n/.exec(await helpText())![1].split("\n")
    .map((line) => /^ {2}([\w-]+) /.exec(line)![1]);
  strictEqual(verbs.join(" "), "run check routes transparent hash-password schema version help");
  // That one waits for a password: it has tests of its own.
  for (const verb of verbs.filter((name) => name !== "hash-password")) {
    // A file that is missing ends those that would go on.
    const terminal = recordTerminal();
    await runCommandLine([verb, "--config", "/nowhere/routes.yaml"], terminal);
    strictEqual(terminal.remarks.join().includes("unknown verb"), false, verb);
  }
});

Deno.test("help: tells the exit codes", async () => {
  const line = (await helpText()).split("\n").at(-1)!;
  for (const code of Object.values(EXIT)) strictEqual(line.includes(` ${code}  `), true, line);
});

Deno.test("help: fits into a terminal of 100 columns, without control characters", async () => {
  for (const line of (await helpText()).split("\n")) {
    strictEqual(line.length <= 100, true, line);
    strictEqual(/\p{Cc}/u.test(line), false, line);
  }
});
