import { deepStrictEqual, ok } from "node:assert/strict";
import {
  listTree,
  readCpuMs,
  readProportionalKib,
  readResidentKib,
  readSettledCpuMs,
} from "../../../scripts/bench/process_usage.ts";
import { startProcess } from "../../support/process.ts";

const isLinux = Deno.build.os === "linux";
const reason = isLinux ? "" : " (skipped: only Linux has /proc)";

/** A parent that does nothing and a child that works for 100 ms of its own, then both wait. */
const FAMILY = `
  import process from "node:process";
  if (Deno.args[0] === "child") {
    while (process.cpuUsage().user < 100_000);
    console.log("worked");
    setTimeout(() => {}, 60_000);
  } else {
    new Deno.Command(Deno.execPath(), { args: ["run", "-q", Deno.args[0], "child"] }).spawn();
    setTimeout(() => {}, 60_000);
  }
`;

Deno.test({
  name: `readCpuMs, readResidentKib, readProportionalKib: count children as well${reason}`,
  ignore: !isLinux,
  fn: async () => {
    const file = await Deno.makeTempFile({ suffix: ".js" });
    try {
      await Deno.writeTextFile(file, FAMILY);
      await using parent = await startProcess(
        Deno.execPath(),
        ["run", "--quiet", "--allow-run", file, file],
        { readyLine: /worked/ },
      );
      const [child] = await childrenOf(parent.pid);
      deepStrictEqual(await listTree(parent.pid), [parent.pid, child]);
      try {
        const [whole, part] = [await readSettledCpuMs(parent.pid), await readCpuMs(child)];
        // The kernel counts in ticks.
        ok(part >= 50, `the child used ${part} ms`);
        ok(whole >= part, `the family used ${whole} ms, the child ${part} ms`);
        const kib = await readResidentKib(parent.pid);
        ok(kib > await readResidentKib(child), `the family holds ${kib} KiB`);
        // Both are the same program: its pages count once here and twice there.
        const once = await readProportionalKib(parent.pid);
        ok(once > 0 && once < kib, `${once} of ${kib} KiB`);
      } finally {
        Deno.kill(child);
      }
    } finally {
      await Deno.remove(file);
    }
  },
});

async function childrenOf(pid: number): Promise<number[]> {
  const args = [`/proc/${pid}/task/${pid}/children`];
  const { stdout } = await new Deno.Command("cat", { args }).output();
  return new TextDecoder().decode(stdout).trim().split(" ").map(Number);
}
