/**
 * Whatever stands in the file, the answer is a configuration or problems with places in the file.
 *
 * @module
 */
import assert from "node:assert/strict";
import { stringify } from "yaml";
import { formatProblems } from "../../lib/config/format_problems.ts";
import { parse, problemsOf } from "./parsing.ts";
import { parse as parseYaml } from "yaml";

const SEED = 20_261_121;
const ROUNDS = 1_500;

const FOLDER = new URL("../testdata/config/good/", import.meta.url);
const TEXTS = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
  .filter((name) => name.endsWith(".yaml")).sort()
  .map((name) => Deno.readTextFileSync(new URL(name, FOLDER)));

/** Mulberry32: small, and the same everywhere. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) % below;
  };
}

function expectAnswer(text: string, what: string): "config" | "problems" {
  const result = parse(text);
  const lines = text.replace(/^\ufeff/, "").split("\n").map((line) => line.replace(/\r$/, ""));
  for (const problem of problemsOf(result)) {
    const { line, column, length, message } = problem;
    const where = `${what}: ${JSON.stringify(problem)}`;
    assert(line >= 1 && line <= lines.length, where);
    const width = lines[line - 1].length;
    assert(column >= 1 && column <= width + 1, where);
    assert(length >= 1 && column + length <= Math.max(width + 1, column + 1), where);
    assert.match(message, /^Cannot (?:read|use|add) /, where);
    assert.doesNotMatch(message, /\p{Cc}|undefined|\[object/u, where);
  }
  const shown = formatProblems(problemsOf(result), { path: "routes.yaml" });
  assert.doesNotMatch(shown.replaceAll("\n", "").replaceAll("\t", ""), /\p{Cc}/u, what);
  if (result.kind === "problems") {
    assert(result.problems.some(({ severity }) => severity === "error"), what);
  } else {
    assert(result.config.routes.length > 0, what);
  }
  return result.kind;
}

/** Both must happen, or the mutations are too wild or too tame to find anything. */
function expectBoth(kinds: readonly string[]): void {
  assert(kinds.includes("config") && kinds.includes("problems"));
}

Deno.test(`parseConfig answers for any bytes changed, removed or repeated (seed ${SEED})`, () => {
  const random = createRandom(SEED);
  const spice = ["\t", "\n", "[", "]", "{", "}", ":", "- ", "*a", "&a ", "'", '"', "#", "\u0000"]
    .concat([
      "\u001b[31m",
      "\u2028",
      "\ufeff",
      "💥",
      "!x ",
      "? ",
      "|",
      ">",
      "%",
      "@",
      "~",
      "9",
      ",",
    ]);
  const kinds = Array.from({ length: ROUNDS }, (_, round) => {
    let text = TEXTS[random(TEXTS.length)];
    for (let count = 1 + random(3); count > 0; count--) {
      const at = random(text.length);
      const to = at + random(random(10) === 0 ? 200 : 3);
      const put = [spice[random(spice.length)], "", text.slice(at, to).repeat(2)][random(3)];
      text = text.slice(0, at) + put + text.slice(to);
    }
    return expectAnswer(text, `round ${round}, ${JSON.stringify(text)}`);
  });
  expectBoth(kinds);
});

Deno.test("parseConfig answers for every prefix of good files", () => {
  for (const text of TEXTS) {
    for (let length = 0; length < text.length; length++) {
      expectAnswer(text.slice(0, length), `${length} of ${JSON.stringify(text)}`);
    }
  }
});

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e400,
  NaN,
  "",
  " ",
  "a",
  "*",
  "5s",
  "sample",
]
  .concat([[] as never, {} as never, [null] as never, [[]] as never, { a: 1 } as never])
  .concat(["10.0.0.1:443", "http://a:b@c", "unix:/x", "__proto__", "constructor"]);

/** Replaces, removes, renames or doubles something somewhere inside. */
function mutate(value: unknown, random: (below: number) => number): unknown {
  if (typeof value !== "object" || value === null || random(8) === 0) {
    return STRANGE[random(STRANGE.length)];
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return STRANGE[random(STRANGE.length)];
  const at = random(entries.length);
  const [key, inner] = entries[at];
  const change = random(10);
  if (change === 0) entries.splice(at, 1);
  else if (change === 1) entries[at] = [`${key}x`, inner];
  else if (change === 2) entries.push([`${key}y`, inner]);
  else if (change === 3) entries[at] = ["__proto__", inner];
  else entries[at] = [key, mutate(inner, random)];
  if (Array.isArray(value)) return entries.map(([, item]) => item);
  return new Map(entries);
}

Deno.test(`parseConfig answers for any keys and types (seed ${SEED})`, () => {
  const random = createRandom(SEED);
  const kinds = Array.from({ length: ROUNDS }, (_, round) => {
    const text = stringify(mutate(parseYaml(TEXTS[random(TEXTS.length)]), random));
    return expectAnswer(text, `round ${round}, ${JSON.stringify(text)}`);
  });
  expectBoth(kinds);
});
