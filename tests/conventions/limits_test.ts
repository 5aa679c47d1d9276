import { deepStrictEqual } from "node:assert/strict";
import * as certificateLimits from "../../lib/base/certificate_limits.ts";
import * as http2Limits from "../../lib/base/http2_limits.ts";
import * as otherLimits from "../../lib/base/limits.ts";
import { parseExports } from "./exports.ts";
import { expectNone, readSources } from "./sources.ts";

const FILES = [
  "lib/base/certificate_limits.ts",
  "lib/base/http2_limits.ts",
  "lib/base/limits.ts",
];
const limits = { ...certificateLimits, ...http2Limits, ...otherLimits };

/** How a limit's name tells its unit. */
const UNITS: readonly { readonly name: RegExp; readonly holds: (value: number) => boolean }[] = [
  { name: /_(?:BYTES|MS|CHARACTERS)$/, holds: isWhole },
  // A count, of what stands before it or after it: HEADER_LINES_MAX, STATE_NAME_MAX_SEGMENTS.
  { name: /_(?:MAX|CAPACITY|MAX_[A-Z]+)$/, holds: isWhole },
  // A part of something else.
  { name: /_(?:SHARE|JITTER)$/, holds: (value) => value > 0 && value <= 1 },
];

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function unitOf(name: string) {
  return UNITS.find((unit) => unit.name.test(name));
}

Deno.test("limits: every name tells its unit", () => {
  expectNone(
    Object.keys(limits).filter((name) => unitOf(name) === undefined),
    "A number without a unit is read as the wrong one some day (…_MS, …_BYTES, …_MAX, …_SHARE):",
  );
});

Deno.test("limits: every value is one its unit can have", () => {
  expectNone(
    Object.entries(limits).filter(([name, value]) =>
      ![value].flat().every((each) => unitOf(name)?.holds(each) ?? true)
    ).map(([name, value]) => `${name} = ${value}`),
    "A limit that is zero, negative, infinite or broken limits nothing:",
  );
});

Deno.test("limits: every limit gives its reason", () => {
  const exports = readSources("lib/base").filter(({ path }) => FILES.includes(path))
    .flatMap(({ text }) => parseExports(text));
  deepStrictEqual(exports.map(({ name }) => name).sort(), Object.keys(limits).sort());
  expectNone(
    exports.filter(({ isDocumented }) => !isDocumented).map(({ name }) => name),
    "Without its reason nobody dares to change a number, or everybody does:",
  );
});
