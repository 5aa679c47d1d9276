import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { sampleLines } from "../../lib/cli/sample_lines.ts";
import { loadConfig } from "../../lib/config/load_config.ts";
import type { Config } from "../../lib/config/config.ts";
import type { BoundAddresses } from "../../lib/relay/relay_engine.ts";
import { testWithPrograms } from "../support/installed.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const BOTH = `
version: 1
routes:
  - { hosts: ["*.try.example", pass.example], mode: passthrough, upstream: sample }
  - { hosts: [off.example], mode: offload, upstream: sample, tls: { certificate: internal } }
`;

async function configOf(yaml: string): Promise<Config> {
  using folder = makeTempFolder();
  const loaded = await loadConfig(folder.write("routes.yaml", yaml));
  if (loaded.kind !== "config") throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

function boundTo(hostname: string, http = true): BoundAddresses {
  const at = (port: number) => [{ kind: "tcp" as const, hostname, port }];
  return { https: at(8443), http: http ? at(8080) : [] };
}

Deno.test("sampleLines: shows each mode with the certificate to trust", async () => {
  deepStrictEqual(sampleLines(await configOf(BOTH), boundTo("127.0.0.1"), "/state"), [
    "",
    "Try it:",
    "",
    "  # pass.example, passed through: the certificate is the sample's own",
    "  curl --silent --resolve pass.example:8443:127.0.0.1 --cacert /state/sample/cert.pem https://pass.example:8443/",
    "  curl --silent --resolve pass.example:8080:127.0.0.1 --include http://pass.example:8080/",
    "",
    "  # off.example, offloaded: the certificate is the internal CA's",
    "  curl --silent --resolve off.example:8443:127.0.0.1 --cacert /state/internal-ca/cert.pem https://off.example:8443/",
    "  curl --silent --resolve off.example:8080:127.0.0.1 --include http://off.example:8080/",
    "",
    "",
  ]);
});

Deno.test("sampleLines: trusts what curl knows by itself where the certificate is no internal one", async () => {
  using folder = makeTempFolder();
  const files = `{ cert: ${folder.write("c", "")}, key: ${folder.write("k", "")} }`;
  for (const [tls, what] of [["auto", /is ordered/], [files, /of your files/]] as const) {
    const config = await configOf(BOTH.replace("certificate: internal", `certificate: ${tls}`));
    const [, , , , , , , title, line] = sampleLines(config, boundTo("127.0.0.1"), "/state");
    match(title, what);
    match(line, /^ {2}curl --silent --resolve \S+ https:\/\/off\.example:8443\/$/);
  }
});

Deno.test("sampleLines: says nothing where no route uses a sample", async () => {
  const yaml = BOTH.replaceAll("mode: offload, upstream: sample", "mode: reject")
    .replace(", tls: { certificate: internal }", "").replace("sample", "10.0.0.1:443");
  deepStrictEqual(sampleLines(await configOf(yaml), boundTo("127.0.0.1"), "/state"), []);
});

/** The address that curl is told to use, by the one that is listened on. */
const ADDRESSES: readonly [listening: string, used: string][] = [
  ["127.0.0.2", "127.0.0.2"],
  ["::1", "[::1]"],
  ["::", "127.0.0.1"],
  ["0.0.0.0", "127.0.0.1"],
];

for (const [listening, used] of ADDRESSES) {
  Deno.test(`sampleLines: reaches a listener on ${listening} at ${used}`, async () => {
    const text = sampleLines(await configOf(BOTH), boundTo(listening), "/state").join("\n");
    const resolved = Array.from(text.matchAll(/--resolve [\w.]+:\d+:(\S+)/g), (found) => found[1]);
    deepStrictEqual(resolved, [used, used, used, used]);
  });
}

Deno.test("sampleLines: leaves port 80 out where nobody listens on it", async () => {
  const lines = sampleLines(await configOf(BOTH), boundTo("127.0.0.1", false), "/state");
  strictEqual(lines.some((line) => line.includes("http://")), false);
  match(lines.join("\n"), /https:\/\/off\.example:8443\//);
});

const FOLDERS = ["/srv/my state", "/srv/it's", "/srv/$HOME", "/srv/`id`", "/srv/zustände", "/a;b"];

for (const folder of FOLDERS) {
  testWithPrograms(["sh"], `sampleLines: quotes the folder ${folder} for the shell`, async () => {
    const lines = sampleLines(await configOf(BOTH), boundTo("127.0.0.1"), folder);
    const line = lines.find((line) => line.includes("internal-ca"))!;
    const script = `curl() { printf '%s\\n' "$@"; }\n${line}`;
    const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
    const words = new TextDecoder().decode(stdout).trimEnd().split("\n");
    strictEqual(words[words.indexOf("--cacert") + 1], `${folder}/internal-ca/cert.pem`);
  });
}
