import { deepStrictEqual, match } from "node:assert/strict";
import { besideProxy, keepOnOneCore } from "../../../scripts/bench/one_core.ts";
import { testWithPrograms } from "../../support/installed.ts";
import { startProcess } from "../../support/process.ts";

testWithPrograms(["taskset"], "besideProxy: names the cores that a proxy is kept from", () => {
  deepStrictEqual(besideProxy(4).slice(1), ["-c", "1-3"]);
  deepStrictEqual(besideProxy(2).slice(1), ["-c", "1-1"]);
});

Deno.test("besideProxy: with a single core everything runs there", () => {
  deepStrictEqual(besideProxy(1), []);
});

testWithPrograms(
  ["taskset", "sh"],
  "keepOnOneCore: keeps a program with its children",
  async () => {
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
);

async function readAffinity(pid: number): Promise<string> {
  const { stdout } = await new Deno.Command("taskset", { args: ["-cp", String(pid)] }).output();
  return new TextDecoder().decode(stdout).trim();
}
