import assert from "node:assert/strict";
import { CONFIG_MAX_BYTES } from "../../lib/base/limits.ts";
import { formatProblems } from "../../lib/config/format_problems.ts";
import { loadConfig } from "../../lib/config/load_config.ts";

const GOOD = "version: 1\nstate: s\nroutes: [{ hosts: [ä.example], mode: reject }]\n";

/** Writes bytes to a file, loads it, and returns what a user would see. */
async function load(bytes: Uint8Array | string) {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/routes.yaml`;
    await Deno.writeFile(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    const result = await loadConfig(path);
    const problems = result.kind === "problems" ? result.problems : result.warnings;
    return { folder, result, shown: formatProblems(problems, { path: "routes.yaml" }) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadConfig reads a file, and its paths from the file's folder", async () => {
  const { folder, result, shown } = await load(GOOD);
  assert(result.kind === "config", shown);
  assert.equal(result.config.stateFolder, `${folder}/s`);
  assert.deepEqual(result.config.routes[0].hosts, [{ kind: "exact", name: "xn--4ca.example" }]);
});

Deno.test("loadConfig reads a file with a byte order mark", async () => {
  assert.equal((await load(`\ufeff${GOOD}`)).result.kind, "config");
});

Deno.test("loadConfig reports what parseConfig finds, with its place", async () => {
  const { shown } = await load("version: 1\nroutes: []\n");
  assert.match(shown, /^routes\.yaml:2:9: error: Cannot use a list as "routes": it is empty/);
});

const UNREADABLE: readonly [name: string, bytes: Uint8Array | string, shown: string][] = [
  [
    "bytes that are not UTF-8",
    Uint8Array.of(0x61, 0x3a, 0x0a, 0xe4, 0x0a),
    'routes.yaml: error: Cannot read "routes.yaml": line 2 is not UTF-8\n' +
    "  hint: save the file as UTF-8\n",
  ],
  [
    "UTF-16",
    Uint8Array.of(0xff, 0xfe, 0x61, 0x00),
    'routes.yaml: error: Cannot read "routes.yaml": line 1 is not UTF-8\n' +
    "  hint: save the file as UTF-8\n",
  ],
  [
    "one byte too many",
    new Uint8Array(CONFIG_MAX_BYTES + 1).fill(0x23),
    `routes.yaml: error: Cannot read "routes.yaml": it is larger than ${CONFIG_MAX_BYTES} bytes\n`,
  ],
];

for (const [name, bytes, expected] of UNREADABLE) {
  Deno.test(`loadConfig refuses ${name}`, async () => {
    const { result, shown } = await load(bytes);
    assert.equal(result.kind, "problems");
    assert.equal(shown, expected);
  });
}

Deno.test("loadConfig reads a file of exactly the largest size", async () => {
  const comment = "#".repeat(CONFIG_MAX_BYTES - new TextEncoder().encode(GOOD).length);
  assert.equal((await load(GOOD + comment)).result.kind, "config");
});

Deno.test("loadConfig tells a missing file from a folder", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const told = async (path: string) => {
      const result = await loadConfig(path);
      return result.kind === "problems" ? result.problems.map(({ message }) => message) : [];
    };
    assert.deepEqual(await told(`${folder}/none.yaml`), [
      'Cannot read "none.yaml": there is no such file',
    ]);
    const name = folder.slice(folder.lastIndexOf("/") + 1);
    assert.deepEqual(await told(folder), [
      `Cannot read "${name}": it is a folder, expected a file`,
    ]);
    const file = `${folder}/file`;
    await Deno.writeTextFile(file, "");
    assert.match((await told(`${file}/routes.yaml`))[0], /^Cannot read "routes.yaml": /);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
