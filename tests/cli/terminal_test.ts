import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { testWithPrograms } from "../support/installed.ts";

const TERMINAL = new URL("../../lib/cli/terminal.ts", import.meta.url).href;

/** Writes many lines, more than a pipe holds, and says on standard error what became of them. */
const PROGRAM = `
  import { openTerminal } from ${JSON.stringify(TERMINAL)};
  const terminal = openTerminal();
  for (let i = 0; i < 20_000; i++) terminal.out("line " + i);
  terminal.err("lost: " + (terminal.lost === undefined ? "nothing" : terminal.lost.code));
`;

async function runInShell(command: string): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-o", "pipefail", "-c", command],
    env: { DENO: Deno.execPath(), PROGRAM, NO_COLOR: "1" },
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const RUN = '"$DENO" eval "$PROGRAM"';

testWithPrograms(["bash"], "Terminal: a reader that leaves early is no failure", async () => {
  const { code, out, err } = await runInShell(`${RUN} | head -n 1`);
  deepStrictEqual({ code, out, err }, { code: 0, out: "line 0\n", err: "lost: nothing\n" });
});

testWithPrograms(["bash"], "Terminal: a slow reader gets every line whole", async () => {
  const { out } = await runInShell(`${RUN} | (sleep 0.2; cat)`);
  const expected = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join("");
  strictEqual(out === expected, true);
});

testWithPrograms(["bash"], "Terminal: a full disk loses the result and says why", async () => {
  const { code, err } = await runInShell(`${RUN} > /dev/full`);
  deepStrictEqual({ code, err }, { code: 0, err: "lost: ENOSPC\n" });
});

testWithPrograms(
  ["bash"],
  "Terminal: a full disk behind standard error stops nothing",
  async () => {
    const { code, out } = await runInShell(`${RUN} 2> /dev/full | tail -n 1`);
    deepStrictEqual({ code, out }, { code: 0, out: "line 19999\n" });
  },
);
