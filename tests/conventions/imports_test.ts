import { deepStrictEqual } from "node:assert/strict";
import { join } from "node:path/posix";
import { expectNone, lineAt, PROJECT_FOLDER, readSources } from "./sources.ts";

/**
 * The folders of lib/, lowest first, each layer with the reason why it must not reach beside itself or
 * up. A file imports from its own folder and from lower layers.
 */
const LAYERS: readonly { readonly folders: readonly string[]; readonly why: string }[] = [
  {
    folders: ["base"],
    why: "everything imports base: whatever base imported would be everywhere",
  },
  {
    folders: ["config", "linux", "proxy_protocol", "state", "hop"],
    why:
      "these are vocabularies and wire formats; each is understood and tested without the others",
  },
  {
    folders: ["route", "tls", "upstream"],
    why: "relay and http share these, so they must know neither of them, nor one another",
  },
  {
    folders: ["relay", "http", "acme", "ops", "sample"],
    why: "these meet only where edge hands a function over: relay engines run in workers without " +
      "HTTP, and lib/http takes plain data so that it can run in several workers",
  },
  {
    folders: ["edge"],
    why: "edge wires the modules; it is started by the command line and by tests alike",
  },
  {
    folders: ["cli"],
    why: "the command line is the outermost layer; only main.ts imports it",
  },
];

/** One import of one file. */
interface Import {
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
}

/** A specifier with a `$` is made up at run time, by a test that writes a program. */
const IMPORT =
  /(?:^|\n)[ \t]*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*["']([^"'\n$]+)["']|\bimport\(\s*["']([^"'\n$]+)["']/g;

function importsOf(from: string, text: string): Import[] {
  return Array.from(text.matchAll(IMPORT), (match) => {
    const specifier = match[1] ?? match[2];
    return { from, line: lineAt(text, match.index + match[0].length), specifier };
  });
}

/** `lib/base/log.ts` belongs to `base`, `lib/edge.ts` to `edge`. */
function folderOf(path: string): string {
  return path.split("/")[1].replace(/\.ts$/, "");
}

/** Says why an import is forbidden; undefined if it is allowed. */
function refuse({ from, specifier }: Import): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const target = join(from, "..", specifier);
  if (target === "deno.json") return undefined; // Its version is printed.
  if (!target.startsWith("lib/")) return "lib must not depend on tests, scripts or main.ts";
  const [own, other] = [folderOf(from), folderOf(target)];
  const layerOf = (folder: string) => LAYERS.findIndex(({ folders }) => folders.includes(folder));
  if (layerOf(own) < 0) return `folder ${own} stands in no layer; add it to LAYERS with a reason`;
  if (own === other || layerOf(other) < layerOf(own)) return undefined;
  return LAYERS[layerOf(own)].why;
}

const imports = readSources("lib").flatMap(({ path, text }) => importsOf(path, text));

Deno.test("imports of lib point one way", () => {
  const offences = imports.flatMap((each) => {
    const why = refuse(each);
    return why === undefined ? [] : `${each.from}:${each.line} imports ${each.specifier}: ${why}`;
  });
  expectNone(offences, "An import points beside itself or up:");
});

Deno.test("imports are relative, of node: or of the import map", () => {
  const { imports: map } = JSON.parse(Deno.readTextFileSync(`${PROJECT_FOLDER}deno.json`));
  const known = (specifier: string) =>
    /^(?:\.\.?\/|node:)/.test(specifier) ||
    Object.keys(map).some((name) => specifier === name || specifier.startsWith(`${name}/`));
  const everything = ["lib", "scripts", "tests"].flatMap(readSources)
    .flatMap(({ path, text }) => importsOf(path, text));
  expectNone(
    everything.filter(({ specifier }) => !known(specifier))
      .map(({ from, line, specifier }) => `${from}:${line} imports ${specifier}`),
    "A dependency that is not in deno.json has no fixed version and no reviewer:",
  );
});

Deno.test("importsOf: sees every form of import", () => {
  const text = [
    'import { a } from "./a.ts";',
    "import type {",
    "  B,",
    '} from "./b.ts";',
    'export { c } from "./c.ts";',
    'import "./d.ts";',
    'const e = await import("./e.ts");',
    'export const f = "./f.ts";',
  ].join("\n");
  deepStrictEqual(
    importsOf("lib/base/x.ts", text).map(({ specifier, line }) => [specifier, line]),
    [["./a.ts", 1], ["./b.ts", 4], ["./c.ts", 5], ["./d.ts", 6], ["./e.ts", 7]],
  );
});

const ARROWS: readonly [from: string, specifier: string, allowed: boolean][] = [
  ["lib/base/log.ts", "./clock.ts", true],
  ["lib/base/log.ts", "../config/config.ts", false],
  ["lib/route/route_table.ts", "../config/config.ts", true],
  ["lib/route/route_table.ts", "../tls/alert.ts", false],
  ["lib/relay/portable/engine.ts", "../../tls/alert.ts", true],
  ["lib/relay/portable/engine.ts", "../relay_engine.ts", true],
  ["lib/relay/portable/engine.ts", "../../http/message.ts", false],
  ["lib/http/proxy.ts", "../acme/order.ts", false],
  ["lib/edge.ts", "./acme/order.ts", true],
  ["lib/acme/order.ts", "../edge.ts", false],
  ["lib/cli/run.ts", "../edge.ts", true],
  ["lib/cli/run.ts", "../../deno.json", true],
  ["lib/cli/run.ts", "../../tests/support/process.ts", false],
  ["lib/unknown/file.ts", "../base/log.ts", false],
];

Deno.test("refuse: holds the table of the architecture", () => {
  for (const [from, specifier, allowed] of ARROWS) {
    const refused = refuse({ from, line: 1, specifier }) !== undefined;
    deepStrictEqual([from, specifier, !refused], [from, specifier, allowed]);
  }
});
