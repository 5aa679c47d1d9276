/**
 * Every YAML example of the documents is one that `postern check` takes.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import { parse } from "yaml";
import { check } from "../../lib/cli/check.ts";
import { runVerb } from "../cli/recorded_terminal.ts";
import { makeTempFolder, type TempFolder } from "../support/temp_folder.ts";
import { makeTlsFiles, type TlsFiles } from "../support/tls_files.ts";

const ROOT = new URL("../../", import.meta.url);

/** Keys that stand at the top of a file; an example that begins with another one is of a route. */
const TOP_KEYS = ["acme", "listen", "log", "relay", "state", "trusted_proxies"];

const OTHER_ROUTE = "  - { hosts: [other.example.org], mode: reject }\n";

/** A user whose password is not the one of the manual, in the form of `users_file`. */
const USERS = "bob:scrypt$16384$8$5$LzW3N2p9m1xQvTnY4cB7Ag$" +
  "4uM0c1pGz8Zt2rKq7Yb3nXe5Vw9Hs6Df0Ja1Lk8Qo2M\n";

for (const document of documents()) {
  const examples = examplesOf(Deno.readTextFileSync(new URL(document, ROOT)));
  for (const { line, yaml } of examples) {
    Deno.test(`documents: the example at ${document}:${line} can be used as it stands`, async () => {
      using folder = makeTempFolder();
      using tls = await makeTlsFiles(["a.example.org"]);
      const whole = wholeFile(yaml);
      writeNamedFiles(parse(whole), folder, tls);
      const file = folder.write("routes.yaml", whole);
      const { code, err } = await runVerb(check, file);
      strictEqual(err, "", whole);
      strictEqual(code, 0);
    });
  }
}

Deno.test("documents: there are examples, and some are whole files", () => {
  const all = documents().flatMap((document) =>
    examplesOf(Deno.readTextFileSync(new URL(document, ROOT)))
  );
  ok(all.length >= 15, `${all.length} examples`);
  ok(all.filter(({ yaml }) => isWhole(yaml)).length >= 3);
});

function documents(): string[] {
  const pages = [...Deno.readDirSync(new URL("docs/", ROOT))].map(({ name }) => `docs/${name}`);
  return ["README.md", "ARCHITECTURE.md", "SECURITY.md", ...pages.sort()]
    .filter((name) => name.endsWith(".md"));
}

/** Lists the blocks that are marked as YAML. One that gives a key twice is an example per line. */
function examplesOf(text: string): { line: number; yaml: string }[] {
  return [...text.matchAll(/^```yaml\n([^]*?)^```/gm)].flatMap(({ index, 1: yaml }) => {
    const line = text.slice(0, index).split("\n").length + 1;
    const lines = yaml.trimEnd().split("\n");
    const keys = lines.map((each) => /^\w+(?=:)/.exec(each)?.[0]).filter((key) => key);
    if (new Set(keys).size === keys.length) return [{ line, yaml }];
    return lines.map((each, offset) => ({ line: line + offset, yaml: `${each}\n` }));
  });
}

function isWhole(yaml: string): boolean {
  return /^routes:/m.test(yaml);
}

/** Puts around a part what a file needs beside it. */
function wholeFile(yaml: string): string {
  if (isWhole(yaml)) return yaml;
  const version = "version: 1\n";
  if (yaml.startsWith("- ")) return `${version}routes:\n${indented(yaml, 2)}`;
  const firstKey = /^\w+/.exec(yaml)?.[0] ?? "";
  if (TOP_KEYS.includes(firstKey)) return `${version}${yaml}routes:\n${OTHER_ROUTE}`;
  const upstream = firstKey.startsWith("upstream") ? "" : "    upstream: http://10.0.0.1:3000\n";
  const route = `  - hosts: [a.example.org]\n    mode: offload\n${upstream}${indented(yaml, 4)}`;
  return `${version}routes:\n${route}`;
}

function indented(yaml: string, columns: number): string {
  return yaml.replace(/^(?=.)/gm, " ".repeat(columns));
}

/** Writes what the example takes for granted to be there: a file for every name with an ending. */
function writeNamedFiles(value: unknown, folder: TempFolder, tls: TlsFiles): void {
  const contents: Readonly<Record<string, string>> = {
    users_file: USERS,
    ca: tls.authority.certPem,
    cert: tls.certificate.certPem,
    key: tls.certificate.keyPem,
  };
  const visit = (key: string, at: unknown) => {
    if (typeof at === "object" && at !== null) {
      for (const [name, child] of Object.entries(at)) visit(name, child);
    } else if (typeof at === "string" && isFile(key, at)) {
      folder.write(at, contents[key] ?? "<p>{status}\n");
    }
  };
  visit("", value);
}

function isFile(key: string, value: string): boolean {
  return key === "users_file" || /^[^/*]*(?:\/[^/*]+)?\.(?:pem|html|json|txt|key)$/.test(value);
}
