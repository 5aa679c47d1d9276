import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { check } from "../../lib/cli/check.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { makeTlsFiles } from "../support/tls_files.ts";
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

Deno.test("check: tries the files that the configuration names, each problem said once", async () => {
  using folder = makeTempFolder();
  folder.write("cut.pem", "no certificate");
  folder.write("users", "alice:secret\nbob\n");
  folder.write("large.html", "x".repeat(2 * 1024 * 1024));
  const file = folder.write(
    "routes.yaml",
    `
version: 1
defaults: { error_pages: { 502: gone.html } }
routes:
  - hosts: [a.example.org]
    mode: offload
    upstream: https://10.0.0.1
    upstream_tls: { ca: cut.pem }
    tls: { certificate: { cert: cut.pem, key: gone.key } }
    paths:
      - { path: /a/*, basic_auth: { users_file: users } }
      - { path: /b/*, maintenance: { page: large.html } }
  - { hosts: [b.example.org], mode: offload, upstream: sample }
`,
  );
  const { code, out, err } = await runVerb(check, file);
  deepStrictEqual({ code, out }, { code: 2, out: "" });
  const lines = err.split("\n").sort();
  const wanted = [
    /upstream_tls\.ca ".*cut\.pem": no certificate in it/,
    /key ".*gone\.key": no such file/,
    /page ".*gone\.html": no such file/,
    /users_file ".*users": line 1: /,
    /users_file ".*users": line 2: /,
    /page ".*large\.html": larger than/,
  ];
  for (const pattern of wanted) {
    strictEqual(lines.filter((line) => pattern.test(line)).length, 1, `${pattern} in\n${err}`);
  }
  strictEqual(err.includes("secret"), false);
});

Deno.test("check: is content with files that can be used", async () => {
  using tls = await makeTlsFiles(["a.example.org"]);
  using folder = makeTempFolder();
  folder.write("sorry.html", "<p>{status}");
  const file = folder.write(
    "routes.yaml",
    `
version: 1
routes:
  - hosts: [a.example.org]
    mode: offload
    upstream: https://10.0.0.1
    upstream_tls: { ca: ${tls.caFile}, client_cert: { cert: ${tls.certFile}, key: ${tls.keyFile} } }
    tls: { certificate: { cert: ${tls.certFile}, key: ${tls.keyFile} } }
    error_pages: { 5xx: sorry.html }
`,
  );
  const { code, err } = await runVerb(check, file);
  deepStrictEqual({ code, err }, { code: 0, err: "" });
});
