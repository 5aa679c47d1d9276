/**
 * Golden files: what a broken configuration is told, and what a good one means. With
 * `UPDATE_GOLDEN=1` the expected files are written instead of compared; read the difference.
 *
 * @module
 */
import assert from "node:assert/strict";
import { CONFIG_DEPTH_MAX, CONFIG_MAX_BYTES, CONFIG_PROBLEMS_MAX } from "../../lib/base/limits.ts";
import { formatProblems } from "../../lib/config/format_problems.ts";
import { parseConfig } from "../../lib/config/parse_config.ts";
import { FileSchema } from "../../lib/config/schema.ts";
import { parse as parseYaml } from "yaml";
import { configOf, parse, problemsOf } from "./parsing.ts";

const FOLDER = new URL("../testdata/config/", import.meta.url);
const UPDATE = Deno.env.get("UPDATE_GOLDEN") === "1";

interface Case {
  readonly name: string;
  readonly text: string;
  /** Without its ending. */
  readonly url: string;
}

function casesOf(folder: "broken" | "good"): Case[] {
  const names = [...Deno.readDirSync(new URL(`${folder}/`, FOLDER))].map((entry) => entry.name);
  return names.filter((name) => name.endsWith(".yaml")).sort().map((file) => {
    const name = file.slice(0, -".yaml".length);
    const url = new URL(`${folder}/${name}`, FOLDER).href;
    return { name, url, text: Deno.readTextFileSync(new URL(`${url}.yaml`)) };
  });
}

function expectFile(url: string, actual: string): void {
  if (UPDATE) Deno.writeTextFileSync(new URL(url), actual);
  assert.equal(actual, Deno.readTextFileSync(new URL(url)));
}

Deno.test("parseConfig tells all problems of broken files, as the golden files have them", async (t) => {
  const cases = casesOf("broken");
  assert(cases.length >= 30);
  for (const { name, text, url } of cases) {
    await t.step(name, () => {
      const result = parse(text);
      assert.equal(result.kind, "problems");
      const problems = problemsOf(result);
      expectFile(`${url}.txt`, formatProblems(problems, { path: "routes.yaml" }));
      assert(problems.some(({ severity }) => severity === "error"));
      // Terminals act on control characters, and the file's text is in the messages.
      for (const { message, hint } of problems) assert.doesNotMatch(message + hint, /\p{Cc}/u);
    });
  }
});

Deno.test("parseConfig understands good files, as the golden files have them", async (t) => {
  for (const { name, text, url } of casesOf("good")) {
    await t.step(name, () => {
      const result = parse(text);
      const warnings = formatProblems(problemsOf(result), { path: "routes.yaml" });
      const shown = { warnings: warnings.split("\n").filter(Boolean), config: configOf(text) };
      expectFile(`${url}.json`, `${JSON.stringify(shown, undefined, 2)}\n`);
    });
  }
});

Deno.test("FileSchema accepts by itself whatever parseConfig accepts", async (t) => {
  for (const { name, text } of casesOf("good")) {
    await t.step(name, () => {
      const result = FileSchema.safeParse(parseYaml(text));
      assert(result.success, result.error?.message);
      assert.equal(result.data.routes.length, configOf(text).routes.length);
    });
  }
});

Deno.test("parseConfig names no broken file's secret", () => {
  for (const { name, text } of casesOf("broken")) {
    const told = problemsOf(parse(text)).map(({ message, hint }) => `${message} ${hint}`).join(
      "\n",
    );
    assert.doesNotMatch(told, /secret/, name);
  }
});

const LIMITS: readonly [name: string, text: string, message: RegExp][] = [
  ["one byte over the size limit", "#".repeat(CONFIG_MAX_BYTES + 1), /larger than 16777216 bytes/],
  ["lists in lists", `routes: ${"[".repeat(50_000)}`, /nested too deeply/],
  ["lists at one over the depth limit", `a: ${deep(CONFIG_DEPTH_MAX)}`, /nested too deeply/],
  ["mappings in mappings", "{a: ".repeat(20_000), /nested too deeply/],
  ["an alias bomb", bomb(9), /aliases add too much/],
  ["an alias for many aliases", `a: &a 1\nb: [${"*a, ".repeat(110_000)}]`, /aliases add too much/],
];

function deep(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

/** Nine levels of nine are 387 million values. */
function bomb(levels: number): string {
  const lines = Array.from({ length: levels }, (_, level) => {
    const items = Array(9).fill(level === 0 ? "x" : `*l${level - 1}`).join(", ");
    return `l${level}: &l${level} [${items}]`;
  });
  return lines.join("\n");
}

Deno.test("parseConfig refuses what would cost too much", async (t) => {
  for (const [name, text, message] of LIMITS) {
    await t.step(name, () => {
      const problems = problemsOf(parse(text));
      assert(problems.some((problem) => message.test(problem.message)), name);
      assert(problems.length <= CONFIG_PROBLEMS_MAX + 1);
    });
  }
});

/** Fills a file of `size` characters with lines. */
function fill(size: number, head: string, line: (n: number) => string): string {
  const lines = [head];
  for (let n = 0, length = 0; length < size; n++) {
    lines.push(line(n));
    length += lines.at(-1)!.length;
  }
  return lines.join("");
}

const MIB = 1024 * 1024;

/** Each found what grows with the square of the file, or ends the process for want of memory. */
const LARGE: readonly [name: string, text: string][] = [
  ["brackets", "[".repeat(CONFIG_MAX_BYTES)],
  ["dashes", "- ".repeat(CONFIG_MAX_BYTES / 2)],
  ["commas", `[${",".repeat(CONFIG_MAX_BYTES - 1)}`],
  ["unknown keys", fill(MIB / 4, "", (n) => `k${n}: 1\n`)],
  ["unknown keys of a route", fill(MIB / 4, "version: 1\nroutes:\n- ", (n) => `k${n}: 1\n  `)],
  ["one key again and again", fill(MIB / 4, "", () => "a: 1\n")],
  ["listening addresses", `listen: { https: [${fill(MIB / 4, "", () => "':1', ")}] }`],
  ["hosts", `routes: [{ hosts: [${fill(MIB / 4, "", () => "a.b, ")}], mode: reject }]`],
  [
    "long text by alias",
    `a: &a ${"x".repeat(MIB)}\nroutes: [{ hosts: [${"*a, ".repeat(90_000)}] }]`,
  ],
  ["problems on one long line", `a: ${"x".repeat(4 * MIB)}\nb: [${"&a 1, ".repeat(1_000)}]`],
  ["servers", `routes: [{ upstreams: [${fill(MIB / 4, "", () => "5, ")}] }]`],
];

/** Many times what the slowest takes, so that a slow machine passes and the square does not. */
const LARGE_MAX_MS = 120_000;

Deno.test("parseConfig answers for large files of one kind of thing", async (t) => {
  for (const [name, text] of LARGE) {
    await t.step(name, () => {
      const startedMs = performance.now();
      const problems = problemsOf(parse(text));
      assert(problems.length > 0 && problems.length <= CONFIG_PROBLEMS_MAX + 1);
      assert(performance.now() - startedMs < LARGE_MAX_MS);
    });
  }
});

Deno.test("parseConfig accepts lists at the depth limit", () => {
  const problems = problemsOf(parse(`a: ${deep(CONFIG_DEPTH_MAX - 1)}`));
  assert(!problems.some(({ message }) => message.includes("too deeply")));
});

Deno.test("parseConfig reads 10,000 routes, and says at most 1,000 problems and how many more", () => {
  const routes = (mode: string) =>
    Array.from(
      { length: 10_000 },
      (_, n) => `  - { hosts: [h${n}.example.org], mode: ${mode}, upstream: 10.0.0.1:443 }\n`,
    ).join("");
  assert.equal(configOf(`version: 1\nroutes:\n${routes("passthrough")}`).routes.length, 10_000);
  const problems = problemsOf(parse(`version: 1\nroutes:\n${routes("reject")}`));
  assert.equal(problems.length, CONFIG_PROBLEMS_MAX + 1);
  assert.match(problems.at(-1)!.message, /: 9000 more are not shown$/);
});

Deno.test("parseConfig ignores a byte order mark, CR LF and a missing last line end", () => {
  const text = "version: 1\nroutes:\n  - { hosts: [a.b], mode: reject }";
  const expected = parse(text);
  assert.equal(expected.kind, "config");
  assert.deepEqual(parse(`\ufeff${text}`), expected);
  assert.deepEqual(parse(`${text.replaceAll("\n", "\r\n")}\r\n`), expected);
});

Deno.test("parseConfig resolves paths from the file's folder, a relative one from the working one", () => {
  const text = "version: 1\nstate: s\nroutes: [{ hosts: [a.b], mode: reject }]";
  const folderFor = (path: string) => {
    const result = parseConfig(text, { path });
    return result.kind === "config" ? result.config.stateFolder : undefined;
  };
  assert.equal(folderFor("/etc/postern/routes.yaml"), "/etc/postern/s");
  assert.equal(folderFor("routes.yaml"), `${Deno.cwd()}/s`);
  assert.equal(folderFor("sub/routes.yaml"), `${Deno.cwd()}/sub/s`);
});
