import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { isTypesOnly, parseExports } from "./exports.ts";
import { expectNone, readSources } from "./sources.ts";

for (const folder of ["lib", "scripts", "tests/support", "tests/conventions"]) {
  Deno.test(`every export of ${folder} has a docstring`, () => {
    expectNone(
      readSources(folder).flatMap(({ path, text }) =>
        parseExports(text).filter(({ isDocumented }) => !isDocumented)
          .map(({ name, kind, line }) => `${path}:${line} exports ${kind} ${name}`)
      ),
      "Whoever imports a name reads its docstring, not its body; say what it does, with units:",
    );
  });
}

const EXPORTS: readonly [text: string, name: string, kind: string, isDocumented: boolean][] = [
  ["/** A number. */\nexport const ONE = 1;", "ONE", "const", true],
  ["/**\n * Does it.\n */\nexport async function two() {}", "two", "function", true],
  ["/** Lists. */\nexport function* three() {}", "three", "function", true],
  [
    "/** Raw. */\n// deno-lint-ignore no-explicit-any\nexport type Four = any;",
    "Four",
    "type",
    true,
  ],
  ["/** Half. */\nexport abstract class Five {}", "Five", "class", true],
  ["export interface Six {}", "Six", "interface", false],
  ["// Not a docstring.\nexport const SEVEN = 7;", "SEVEN", "const", false],
  ["/** Of another. */\n\nexport const EIGHT = 8;", "EIGHT", "const", false],
];

for (const [text, name, kind, isDocumented] of EXPORTS) {
  Deno.test(`parseExports: ${name} is ${isDocumented ? "" : "not "}documented`, () => {
    const line = text.split("\n").length;
    deepStrictEqual(parseExports(text), [{ name, kind, line, isDocumented }]);
  });
}

Deno.test("parseExports: an overloaded function is one export", () => {
  const text = "/** Both. */\nexport function a(b: 1): 1;\nexport function a(b: number) {}\n";
  deepStrictEqual(parseExports(text).map(({ name }) => name), ["a"]);
});

Deno.test("parseExports: leaves out what is only passed on, and what stands inside", () => {
  deepStrictEqual(parseExports('export { a } from "./a.ts";\nconst b = `\n  export const c`;'), []);
});

Deno.test("isTypesOnly: tells interfaces from code", () => {
  strictEqual(isTypesOnly("export interface A {}\nexport type B = 1;"), true);
  strictEqual(isTypesOnly("export interface A {}\nexport const b = 1;"), false);
  strictEqual(isTypesOnly("self.onmessage = () => {};"), false);
});
