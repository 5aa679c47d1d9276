import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { check } from "../../lib/cli/check.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { runVerb } from "./recorded_terminal.ts";

const ONE = `
version: 1
routes:
  - { hosts: [a.example.org], mode: passthrough, upstream: "10.0.0.1:443" }
`;
const TWO = `${ONE}  - { hosts: [b.example.org, c.example.org], mode: reject }\n`;

const GOOD: readonly [yaml: string, counts: string][] = [
  [ONE, "1 route, 1 host"],
  [TWO, "2 routes, 3 hosts"],
];

for (const [yaml, counts] of GOOD) {
  Deno.test(`check: says ok, ${counts}`, async () => {
    using folder = makeTempFolder();
    const file = folder.write("routes.yaml", yaml);
    deepStrictEqual(await runVerb(check, file), {
      code: 0,
      out: `${file}: ok, ${counts}`,
      err: "",
    });
  });
}

Deno.test("check: reports every problem in the order of the file", async () => {
  using folder = makeTempFolder();
  const file = folder.write("routes.yaml", TWO.replace("upstream", "upstrem") + "more: 1\n");
  const { code, out, err } = await runVerb(check, file);
  strictEqual(code, 2);
  strictEqual(out, "");
  const places = err.split("\n").filter((line) => line.startsWith(file))
    .map((line) => line.slice(file.length).split(" ")[0]);
  deepStrictEqual(places, [":4:50:", ":6:1:"]);
  match(err, /did you mean "upstream"\?/);
});

Deno.test("check: writes nothing, not even the state folder that the file names", async () => {
  using folder = makeTempFolder();
  const file = folder.write("routes.yaml", `${ONE}state: state\n`);
  strictEqual((await runVerb(check, file)).code, 0);
  deepStrictEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["routes.yaml"]);
});
