import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse as parseYaml } from "yaml";
import { findInstalled, testWithPrograms } from "../support/installed.ts";
import { posternPermissions, runPostern, startPostern } from "../support/postern.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function postern(
  args: readonly string[],
  options: Parameters<typeof runPostern>[1] = {},
): Promise<Outcome> {
  await using process = await runPostern(args, options);
  const { code } = await process.exited;
  return { code, out: process.stdout.join("\n"), err: process.stderr.join("\n") };
}

const BROKEN = `version: 1
routes:
  - hosts: [a.example.org]
    mode: passthrough
    upstrem: 10.0.0.1:443
  - hosts: [b.example.org]
    mode: offload
    upstream: 10.0.0.2:80
  - hosts: [A.example.org.]
    mode: reject
`;

const BROKEN_REPORT = (file: string) =>
  `${file}:5:5: error: Cannot read route "a.example.org": unknown key "upstrem"
   5 |     upstrem: 10.0.0.1:443
     |     ^^^^^^^
  hint: did you mean "upstream"?
${file}:8:15: error: Cannot use "10.0.0.2:80" as "upstream": scheme is missing, expected a URL such as "http://10.0.0.1:3000"
   8 |     upstream: 10.0.0.2:80
     |               ^^^^^^^^^^^
  hint: write "http://10.0.0.2:80"
${file}:9:13: error: Cannot add route "A.example.org.": hostname is already used at line 3, column 13
   9 |   - hosts: [A.example.org.]
     |             ^^^^^^^^^^^^^^
  hint: hostnames are compared without regard to case and a final dot`;

for (const verb of ["check", "routes", "run"]) {
  Deno.test(`command line: ${verb} prints every problem of a broken file, exit code 2`, async () => {
    using folder = makeTempFolder();
    const file = folder.write("routes.yaml", BROKEN);
    deepStrictEqual(await postern([verb, "--config", file, "--state", `${folder.path}/state`]), {
      code: 2,
      out: "",
      err: BROKEN_REPORT(file),
    });
    deepStrictEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["routes.yaml"]);
  });

  Deno.test(`command line: ${verb} names a file that is missing, exit code 2`, async () => {
    using folder = makeTempFolder();
    const file = `${folder.path}/routes.yaml`;
    const { code, out, err } = await postern([verb, "-c", file]);
    deepStrictEqual({ code, out }, { code: 2, out: "" });
    strictEqual(err, `${file}: error: Cannot read "routes.yaml": there is no such file`);
  });
}

Deno.test("command line: without --config it reads routes.yaml of the current folder", async () => {
  using folder = makeTempFolder();
  folder.write("routes.yaml", Deno.readTextFileSync(`${ROOT}routes.yaml`));
  deepStrictEqual(await postern(["check"], { cwd: folder.path }), {
    code: 0,
    out: "routes.yaml: ok, 2 routes, 2 hosts",
    err: "",
  });
});

const MISTAKES: readonly [args: string[], err: string][] = [
  [["frob"], 'postern: Cannot run "frob": unknown verb'],
  [["check", "--frob"], 'postern: Cannot use "--frob": unknown option'],
  [["check", "--config"], 'postern: Cannot use "--config": its value is missing'],
];

for (const [args, err] of MISTAKES) {
  Deno.test(`command line: postern ${args.join(" ")} is a mistake, exit code 2`, async () => {
    const outcome = await postern(args);
    deepStrictEqual({ code: outcome.code, out: outcome.out }, { code: 2, out: "" });
    strictEqual(outcome.err, `${err}\n  hint: "postern help" lists the verbs and options`);
  });
}

Deno.test("command line: routes prints the repository's table", async () => {
  deepStrictEqual(await postern(["routes"]), {
    code: 0,
    out: `HOST                   MODE         443     80            CERTIFICATE  PROXY HEADER
passthrough.localhost  passthrough  sample  sample        -            off
offload.localhost      offload      sample  redirect 308  internal     off`,
    err: "",
  });
});

Deno.test("command line: help and version go to standard output, exit code 0", async () => {
  for (const args of [["help"], ["--help"], ["run", "-h"], []]) {
    const { code, out, err } = await postern(args);
    deepStrictEqual({ code, err }, { code: 0, err: "" }, args.join(" "));
    match(out, /^usage: postern <verb>/m);
  }
  match((await postern(["version"])).out, /^postern \d+\.\d+\.\d+ \(deno /);
});

/** Draft 2020-12 by somebody else, where it is installed. */
const VALIDATOR = `
import json, sys, jsonschema
schema, values = json.load(sys.stdin)
jsonschema.Draft202012Validator.check_schema(schema)
for value in values:
    print("valid" if jsonschema.Draft202012Validator(schema).is_valid(value) else "invalid")
`;

testWithPrograms(
  ["python3"],
  "command line: schema is a JSON Schema that accepts routes.yaml and refuses a mistake",
  async (context) => {
    const { code, out, err } = await postern(["schema"]);
    deepStrictEqual({ code, err }, { code: 0, err: "" });
    const schema = JSON.parse(out);
    strictEqual(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
    deepStrictEqual(schema.required, ["version", "routes"]);
    const good = parseYaml(Deno.readTextFileSync(`${ROOT}routes.yaml`));
    const bad = [{ ...good, more: 1 }, { ...good, version: 2 }, { ...good, routes: [] }]
      .concat([{ ...good, routes: [{ ...good.routes[0], upstrem: "sample" }] }]);
    await context.step({
      name: "by Python's jsonschema (skipped where it is not installed)",
      ignore: !await hasJsonschema(),
      fn: async () => {
        const verdicts = await runPython(VALIDATOR, JSON.stringify([schema, [good, ...bad]]));
        strictEqual(verdicts, ["valid", ...bad.map(() => "invalid"), ""].join("\n"));
      },
    });
  },
);

async function hasJsonschema(): Promise<boolean> {
  const args = ["-c", "import jsonschema; jsonschema.Draft202012Validator"];
  return (await new Deno.Command(findInstalled("python3")!, { args, stderr: "null" }).output())
    .success;
}

async function runPython(program: string, stdin: string): Promise<string> {
  const child = new Deno.Command(findInstalled("python3")!, {
    args: ["-c", program],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}

testWithPrograms(["bash"], "command line: every verb survives | head", async () => {
  for (const verb of ["help", "schema", "routes"]) {
    const command = [Deno.execPath(), "run", "--quiet", ...posternPermissions(), "main.ts", verb];
    const script = `set -o pipefail; ${command.join(" ")} | head -n 1`;
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", script],
      cwd: ROOT,
    }).output();
    strictEqual(new TextDecoder().decode(stderr), "", verb);
    strictEqual(code, 0, verb);
    strictEqual(new TextDecoder().decode(stdout).split("\n").length, 2, verb);
  }
});

testWithPrograms(["bash"], "command line: a full disk behind a result is a failure", async () => {
  const command = [Deno.execPath(), "run", "--quiet", ...posternPermissions(), "main.ts", "routes"];
  const { code, stderr } = await new Deno.Command("bash", {
    args: ["-c", `${command.join(" ")} > /dev/full`],
    cwd: ROOT,
  }).output();
  match(new TextDecoder().decode(stderr), /^postern: Cannot write the result: No space left/);
  strictEqual(code, 1);
});

Deno.test("command line: writes no colours into a pipe, whatever TERM says", async () => {
  using folder = makeTempFolder();
  const file = folder.write("routes.yaml", BROKEN);
  const { err } = await postern(["check", "-c", file], {
    env: { NO_COLOR: "", TERM: "xterm-256color", FORCE_COLOR: "1", CLICOLOR_FORCE: "1" },
  });
  strictEqual(err, BROKEN_REPORT(file));
});

testWithPrograms(
  ["script"],
  "command line: colours a terminal, unless NO_COLOR is set",
  async () => {
    using folder = makeTempFolder();
    const file = folder.write("routes.yaml", BROKEN);
    const command = [Deno.execPath(), "run", "--quiet", ...posternPermissions(), "main.ts"]
      .concat(["check", "-c", file]).join(" ");
    const inTerminal = async (env: Record<string, string>) => {
      const args = ["--quiet", "--return", "--command", command, "/dev/null"];
      const result = await new Deno.Command("script", { args, cwd: ROOT, env, stdin: "null" })
        .output();
      strictEqual(result.code, 2);
      return new TextDecoder().decode(result.stdout);
    };
    strictEqual((await inTerminal({ NO_COLOR: "" })).includes("\x1b["), true);
    strictEqual((await inTerminal({ NO_COLOR: "1" })).includes("\x1b["), false);
  },
);

/** `listen` on any free port, and nothing that leaves the host. */
const MINIMAL = `
version: 1
listen: { https: "127.0.0.1:0", http: "127.0.0.1:0" }
routes:
  - { hosts: [a.example], mode: offload, upstream: sample, tls: { certificate: internal } }
`;

const PERMISSIONS: readonly [name: string, permissions: readonly string[]][] = [
  ["the permissions of the task", posternPermissions()],
  ["-A", ["-A"]],
  ["no --allow-ffi", posternPermissions().filter((flag) => !flag.startsWith("--allow-ffi"))],
];

for (const [name, permissions] of PERMISSIONS) {
  Deno.test(`command line: run gets ready and stops with ${name}`, async () => {
    await using process = await startPostern(MINIMAL, { permissions });
    strictEqual(await process.stop(), 0);
    match(process.log.at(-1)!, / stopped /);
    deepStrictEqual(process.log.filter((line) => line.includes(" error ")), []);
  });
}
