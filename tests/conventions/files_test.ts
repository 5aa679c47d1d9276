import { deepStrictEqual } from "node:assert/strict";
import { isTypesOnly } from "./exports.ts";
import { expectNone, lineAt, readSources } from "./sources.ts";
import { TESTED_ELSEWHERE } from "./tested_elsewhere.ts";

/** Files should have about 150 lines; twice that and a half is where they start to hold two ideas. */
const LINES_MAX = 400;

/** A function should have about 15 lines. */
const FUNCTION_LINES_MAX = 60;

/** Names that say nothing attract everything. */
const EMPTY_NAMES = [
  "util",
  "utils",
  "helper",
  "helpers",
  "common",
  "manager",
  "misc",
  "index",
  "mod",
];

const lib = readSources("lib");
const everything = [...lib, ...readSources("scripts"), ...readSources("tests")];

Deno.test("files of lib open with their one idea", () => {
  expectNone(
    lib.filter(({ text }) => !/^\/\*\*(?:(?!\*\/)[^])*@module\b(?:(?!\*\/)[^])*\*\//.test(text))
      .map(({ path }) => `${path} does not open with /** … @module */`),
    "The first lines say what the file is for, what it does not do and who closes what:",
  );
});

Deno.test(`files have at most ${LINES_MAX} lines`, () => {
  const lines = (text: string) => text.trimEnd().split("\n").length;
  expectNone(
    everything.filter(({ text }) => lines(text) > LINES_MAX)
      .map(({ path, text }) => `${path} has ${lines(text)} lines`),
    "A file holds one idea; a longer one holds two, and should be two files:",
  );
});

Deno.test(`functions of lib have at most ${FUNCTION_LINES_MAX} lines`, () => {
  expectNone(
    lib.flatMap(({ path, text }) =>
      functionsOf(text).filter(({ lines }) => lines > FUNCTION_LINES_MAX)
        .map(({ line, lines }) => `${path}:${line} starts a function of ${lines} lines`)
    ),
    "A function is read in one glance; cut it where a comment would head a part of it:",
  );
});

Deno.test("names say what a file holds", () => {
  expectNone(
    everything.filter(({ path }) =>
      path.replace(/\.ts$/, "").split(/[/_]/).some((word) => EMPTY_NAMES.includes(word))
    ).map(({ path }) => path),
    `A name such as ${EMPTY_NAMES.slice(0, 6).join(", ")} says nothing and attracts everything:`,
  );
  expectNone(
    everything.filter(({ path }) => !/^[a-z0-9_/]+\.ts$/.test(path)).map(({ path }) => path),
    "Files are named in snake_case after their main export:",
  );
});

Deno.test("nothing is left to do", () => {
  const marks = new RegExp(
    `\\b(?:${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`,
  );
  expectNone(
    everything.flatMap(({ path, text }) => {
      const match = marks.exec(text);
      return match === null ? [] : `${path}:${lineAt(text, match.index)} says ${match[0]}`;
    }),
    "What is not done stands in the issue tracker, where somebody looks for it:",
  );
});

/** Files of lib with code, for which there is no test at the mirrored path. */
function filesWithoutMirror(tests: ReadonlySet<string>): string[] {
  return lib.filter(({ text }) => !isTypesOnly(text)).map(({ path }) => path)
    .filter((path) => !tests.has(mirrorOf(path)));
}

function mirrorOf(path: string): string {
  return path.replace(/^lib\//, "tests/").replace(/\.ts$/, "_test.ts");
}

/** Says whether an entry of {@linkcode TESTED_ELSEWHERE}, a file or a folder, is for this file. */
function isFor(entry: string, path: string): boolean {
  return entry.endsWith("/") ? path.startsWith(entry) : path === entry;
}

Deno.test("tests mirror lib", () => {
  const tests = new Set(readSources("tests").map(({ path }) => path));
  const missing = filesWithoutMirror(tests);
  const entries = Object.entries(TESTED_ELSEWHERE);
  expectNone(
    missing.filter((path) => !entries.some(([entry]) => isFor(entry, path)))
      .map((path) => `${path} has no ${mirrorOf(path)}`),
    "A reader finds a file's tests by its path; if they are elsewhere, tested_elsewhere.ts says where:",
  );
  expectNone(
    entries.filter(([entry, test]) =>
      !tests.has(test) || !missing.some((path) => isFor(entry, path))
    ).map(([entry, test]) => `${entry}: ${test}`),
    "tested_elsewhere.ts names tests that do not exist, or files that are gone or mirrored by now:",
  );
});

/**
 * Finds functions and methods by the layout of `deno fmt`: the closing brace stands alone, indented as
 * the line that starts the function.
 */
function functionsOf(text: string): { line: number; lines: number }[] {
  const lines = text.split("\n");
  const start =
    /^( *)(?:export |default |async |static |override |private |get |set )*(?:function\*? \w+|(?!(?:if|for|while|switch|catch|using|return)\b)[#\w[\].*]+(?:<[^>]*>)?)\((?!.*[;,]$)/;
  return lines.flatMap((text, index) => {
    const match = start.exec(text);
    if (match === null) return [];
    const end = lines.findIndex((line, at) => at > index && line === `${match[1]}}`);
    const next = lines.findIndex((line, at) => at > index && line === `${match[1]});`);
    const isCall = next >= 0 && (end < 0 || next < end);
    return end < 0 || isCall ? [] : { line: index + 1, lines: end - index + 1 };
  });
}

Deno.test("functionsOf: measures functions and methods, not calls and branches", () => {
  const text = [
    "export async function one(",
    "  a: number,",
    "): Promise<void> {",
    "  if (a) {",
    "    call(",
    "      a,",
    "    );",
    "  }",
    "}",
    "class Two {",
    "  async #three<T>(b: T): void {",
    "    await b;",
    "  }",
    "}",
  ].join("\n");
  deepStrictEqual(functionsOf(text), [{ line: 1, lines: 9 }, { line: 11, lines: 3 }]);
});
