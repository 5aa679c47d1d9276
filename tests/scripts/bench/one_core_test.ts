import { deepStrictEqual, match } from "node:assert/strict";
import { besideProxy, keepOnOneCore } from "../../../scripts/bench/one_core.ts";
import { findInstalled, testWithPrograms } from "../../support/installed.ts";
import { startProcess } from "../../support/process.ts";

testWithPrograms(["taskset"], "besideProxy: names the cores that a proxy is kept from", () => {
  deepStrictEqual(besideProxy(4).slice(1), ["-c", "1-3"]);
  deepStrictEqual(besideProxy(2).slice(1), ["-c", "1-1"]);
});

Deno.test("besideProxy: with a single core everything runs there", () => {
  deepStrictEqual(besideProxy(1), []);
});

/** A container may have been given other cores. */
const hasCoreZero = findInstalled("taskset") !== undefined &&
  new Deno.Command("taskset", { args: ["-c", "0", "true"], stderr: "null" }).outputSync().success;

Deno.test({
  name: `keepOnOneCore: keeps a program with its children${
    hasCoreZero ? "" : " (skipped: no taskset, or core 0 is not ours)"
  }`,
  ignore: !hasCoreZero,
  fn: async () => {
    await using parent = await startProcess("sh", ["-c", "sleep 30 & echo $!; wait"], {
      readyLine: /^\d+$/,
    });
    const child = Number(parent.stdout[0]);
    try {
      await keepOnOneCore(parent.pid);
      for (const pid of [parent.pid, child]) match(await readAffinity(pid), /list: 0$/);
    } finally {
      Deno.kill(child);
    }
  },
});

async function readAffinity(pid: number): Promise<string> {
  const { stdout } = await new Deno.Command("taskset", { args: ["-cp", String(pid)] }).output();
  return new TextDecoder().decode(stdout).trim();
}
