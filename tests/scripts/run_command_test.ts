import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runCommand } from "../../scripts/test/run_command.ts";

const shell = (script: string, timeoutMs = 10_000) =>
  runCommand("sh", ["-c", script], { timeoutMs, env: { PATH: "/usr/bin:/bin", NAME: "value" } });

Deno.test("runCommand: keeps the lines and sees no environment but its own", async () => {
  const { success, why, lines } = await shell("echo one; echo $NAME $HOME");
  deepStrictEqual([success, why, lines], [true, "exit code 0", ["one", "value", ""]]);
});

Deno.test("runCommand: says how a command failed", async () => {
  const failed = await shell("exit 3");
  deepStrictEqual([failed.success, failed.why], [false, "exit code 3"]);
  const killed = await shell("kill -9 $$");
  deepStrictEqual([killed.success, killed.why], [false, "ended by SIGKILL"]);
});

Deno.test("runCommand: a program that does not exist is a failure, not an exception", async () => {
  const { success, why } = await runCommand("/nonexistent", [], { timeoutMs: 1_000, env: {} });
  strictEqual(success, false);
  match(why, /^not started: /);
});

Deno.test("runCommand: ends a command that takes too long", async () => {
  const { success, why, lines } = await shell("echo begun; exec sleep 60", 2_000);
  deepStrictEqual([success, why, lines], [false, "not done within 2 s", ["begun", ""]]);
});

Deno.test("runCommand: does not wait for a grandchild that holds the pipe", async () => {
  const { success, durationMs } = await shell("sleep 30 & echo begun", 60_000);
  deepStrictEqual([success, durationMs < 25_000], [true, true]);
});
