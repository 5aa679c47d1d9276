import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { readConfig } from "../../lib/cli/read_config.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { recordTerminal } from "./recorded_terminal.ts";

const GOOD = `version: 1
routes:
  - { hosts: [a.example.org], mode: reject }
`;

Deno.test("readConfig: returns the configuration and prints nothing", async () => {
  using folder = makeTempFolder();
  const terminal = recordTerminal();
  const config = await readConfig(folder.write("routes.yaml", GOOD), terminal);
  strictEqual(config?.routes.length, 1);
  deepStrictEqual(terminal.remarks, []);
});

/** What a file may be besides a configuration, and how it is refused. */
const FILES: readonly [name: string, content: string | Uint8Array, refusal: RegExp][] = [
  ["empty", "", /error: /],
  ["not YAML", "routes: [", /:1:\d+: error: /],
  ["not UTF-8", new Uint8Array([0x61, 0xff, 0x0a]), /not UTF-8/],
  ["an unknown key", `${GOOD}more: 1\n`, /:4:1: error: .*unknown key "more"/],
];

for (const [name, content, refusal] of FILES) {
  Deno.test(`readConfig: prints what is wrong with a file that is ${name}`, async () => {
    using folder = makeTempFolder();
    const terminal = recordTerminal();
    const path = folder.write("routes.yaml", content);
    strictEqual(await readConfig(path, terminal), undefined);
    match(terminal.remarks[0], refusal);
    strictEqual(terminal.remarks[0].startsWith(path), true);
    strictEqual(terminal.remarks[0].endsWith("\n"), false);
    deepStrictEqual(terminal.results, []);
  });
}

Deno.test("readConfig: names a folder and a file that is missing as what they are", async () => {
  using folder = makeTempFolder();
  const terminal = recordTerminal();
  await readConfig(folder.path, terminal);
  await readConfig(`${folder.path}/missing.yaml`, terminal);
  match(terminal.remarks[0], /it is a folder/);
  match(terminal.remarks[1], /there is no such file/);
});
