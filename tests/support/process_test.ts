import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { DeadlineError } from "./deadline.ts";
import { findFreePort } from "./free_port.ts";
import { startProcess } from "./process.ts";

const shell = (script: string, options = {}) => startProcess("sh", ["-c", script], options);

Deno.test("startProcess: captures both streams by line, an unfinished last line included", async () => {
  await using process = await shell("echo one; echo two >&2; printf three");
  const status = await process.exited;
  strictEqual(status.code, 0);
  deepStrictEqual(process.stdout, ["one", "three"]);
  deepStrictEqual(process.stderr, ["two"]);
});

Deno.test("startProcess: hands over environment, folder and standard input", async () => {
  await using process = await shell("echo $NAME; pwd; cat", {
    env: { NAME: "value" },
    cwd: "/",
    stdin: "typed\n",
  });
  await process.exited;
  deepStrictEqual(process.stdout, ["value", "/", "typed"]);
});

Deno.test("startProcess: is ready when a line matches", async () => {
  await using process = await shell("echo starting; echo ready port=17 >&2; exec sleep 60", {
    readyLine: /ready/,
  });
  strictEqual((await process.waitForLine(/port=(\d+)/))[1], "17");
});

Deno.test("startProcess: fails with the output if the program ends before it is ready", async () => {
  await rejects(shell("echo broken config >&2; exit 3", { readyLine: /ready/ }), (error: Error) => {
    match(error.message, /code 3/);
    match(error.message, /broken config/);
    return true;
  });
});

Deno.test("startProcess: fails with the output if the port stays closed", async () => {
  const options = { readyPort: findFreePort(), readyTimeoutMs: 2_000 };
  await rejects(shell("echo no port; exec sleep 60", options), /is not open[^]*no port/);
});

Deno.test("startProcess: fails at once if the program ends before its port is open", async () => {
  const options = { readyPort: findFreePort(), readyTimeoutMs: 60_000 };
  await rejects(shell("echo gone; exit 1", options), /Ended before port[^]*gone/);
});

Deno.test("startProcess: fails if there is no such program", async () => {
  await rejects(startProcess("/nonexistent/program", []), Deno.errors.NotFound);
});

Deno.test("waitForLine: fails with the output when the time is over", async () => {
  await using process = await shell("echo something else; exec sleep 60", { readyLine: /else/ });
  await rejects(process.waitForLine(/never/, 50), (error: Error) => {
    strictEqual(error instanceof DeadlineError, true);
    match(error.message, /something else/);
    return true;
  });
});

Deno.test("waitForLine: finds the last line of a program that has ended", async () => {
  await using process = await shell("echo done");
  await process.exited;
  strictEqual((await process.waitForLine(/d(on)e/))[1], "on");
  await rejects(process.waitForLine(/never/), /Ended and did not print/);
});

Deno.test("stop: ends by the signal and reports it", async () => {
  const process = await shell("exec sleep 60");
  strictEqual((await process.stop("SIGINT")).signal, "SIGINT");
  strictEqual((await process.stop()).signal, "SIGINT");
});

Deno.test("stop: lets the program choose its exit code", async () => {
  const process = await shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done", {
    readyLine: /ready/,
  });
  strictEqual((await process.stop()).code, 7);
});

Deno.test("stop: kills a program that ignores the signal", async () => {
  const process = await shell("trap '' TERM; echo ready; while :; do sleep 0.01; done", {
    readyLine: /ready/,
  });
  strictEqual((await process.stop("SIGTERM", 100)).signal, "SIGKILL");
});

Deno.test("lines: stay bounded when a program prints in a loop", async () => {
  await using process = await shell("seq 1 20000");
  await process.exited;
  strictEqual(process.lines.length, 5_000);
  strictEqual(process.stdout.at(-1), "20000");
});
