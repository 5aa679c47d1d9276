import assert from "node:assert/strict";
import { PATH_READINGS_MAX, PATH_READINGS_MAX_CHARACTERS } from "../../../lib/base/limits.ts";
import {
  FOLDING_STEPS,
  hasDotSegments,
  isDoubtful,
  isDoubtfulText,
  plainReading,
  readingsOf,
  readPlusAsSpace,
  type Step,
  TEXT_STEPS,
} from "../../../lib/http/policy/path_readings.ts";

/** All readings, or undefined if there are more than anybody should look at. */
function allOf(path: string, steps?: readonly Step[]): string[] | undefined {
  const readings: string[] = [];
  const generator = readingsOf(plainReading(path), steps);
  for (let next = generator.next();; next = generator.next()) {
    if (next.done) return next.value ? readings : undefined;
    readings.push(next.value);
  }
}

const PLAIN: readonly [path: string, plain: string][] = [
  ["/a", "/a"],
  ["/A/b", "/a/b"],
  ["/%61%2D%2e%5F%7e%30", "/a-._~0"],
  ["/%4Db", "/mb"],
  ["/%2f", "/%2f"],
  ["/%2F%5C%25", "/%2f%5c%25"],
  ["/caf%C3%A9", "/caf%c3%a9"],
  ["/%", "/%"],
  ["/%6", "/%6"],
  ["/%zz", "/%zz"],
];

for (const [path, plain] of PLAIN) {
  Deno.test(`plainReading: RFC 3986 §6.2.2.2, ${path} is ${plain}`, () => {
    assert.equal(plainReading(path), plain);
    assert.equal(plainReading(plain), plain, "once is enough");
  });
}

const UNDOUBTED = [
  "/",
  "/a/b.c/d-e_f~g!$&'()*+,=:@",
  "/.well-known/x",
  "/a...b/..c/.e",
  "/caf%C3%A9%20x",
  "/a/",
];

for (const path of UNDOUBTED) {
  Deno.test(`isDoubtful: ${path} is read in one way`, () => {
    assert.equal(isDoubtful(plainReading(path)), false);
    assert.equal(hasDotSegments(path), false);
  });
}

const DOUBTED: readonly [path: string, reading: string][] = [
  ["//a", "/a"],
  ["/x/../a", "/a"],
  ["/x/%2e%2E/a", "/a"],
  ["/x/..", "/"],
  ["/./a", "/a"],
  ["/../../a", "/a"],
  ["/x%2f..%2fa", "/a"],
  ["/x%252f%2e%252e%252fa", "/a"],
  ["/x\\..\\a", "/a"],
  ["/x%5c..%5Ca", "/a"],
  ["/a;v=1/b", "/a/b"],
  ["/x/..;/a", "/a"],
  ["/x/..%3bv/a", "/a"],
  ["/a#b", "/a"],
  ["/a%23b", "/a"],
  ["/a%3fb", "/a"],
  ["/x/y//../a", "/x/a"],
  ["/x/y//../a", "/x/y/a"],
  ["/x/y//../a", "/x/y//../a"],
  ["/%2561", "/a"],
  // Decoded but for its slashes, and then without a parameter that reaches over them.
  ["/.%3bx%2f*%252f/a", "/a"],
  ["/x/%c0%ae%C0%AE/a", "/a"],
  ["/x%c0%afa", "/x/a"],
  ["/%c1%81%c1%a1", "/aa"],
  ["/%e0%80%ae%f0%80%80%ae/%e0%81%81", "/a"],
  ["/a./b", "/a/b"],
  ["/a%20.%20/b", "/a/b"],
  ["/x/..%20/a", "/a"],
  ["/..%2e/a", "/a"],
  ["/a::$DATA", "/a"],
  ["/a:$i30:$Index_Allocation/b", "/a/b"],
  ["/a:x%3a%24data/b", "/a/b"],
  ["/adm%C4%B1n%c4%b0", "/admini"],
  ["/%C5%BF%E2%84%AA", "/sk"],
  ["/x%EF%BC%8F%ef%bc%8e%ef%bc%8E%ef%bc%bc%EF%BC%A1%EF%BD%81", "/aa"],
];

for (const [path, reading] of DOUBTED) {
  Deno.test(`readingsOf: ${path} may be read as ${reading}`, () => {
    assert(isDoubtful(plainReading(path)));
    const readings = allOf(path)!;
    assert(readings.includes(reading), readings.join(" "));
    assert.equal(new Set(readings).size, readings.length, "each once");
  });
}

/** Bytes of UTF-8 stand as a character each. */
const TEXTS: readonly [path: string, steps: readonly Step[], reading: string, others: string][] = [
  ["/%C3%83%C2%BC", TEXT_STEPS, "/\xc3\xbc", "/\xfc"],
  ["/adm%C4%B1n", FOLDING_STEPS, "/admin", "/adm\xc4\xb1"],
  ["/stra%C3%9Fe/%E2%80%A5/a", FOLDING_STEPS, "/a", "/strasse"],
  ["/%EF%B9%AA61", FOLDING_STEPS, "/a", "/%61a"],
  ["/a+b", [...TEXT_STEPS, readPlusAsSpace], "/a b", "/ab"],
  ["/a%2Bb+/c", [...TEXT_STEPS, readPlusAsSpace], "/a b/c", "/ab"],
];

for (const [path, steps, reading, other] of TEXTS) {
  Deno.test(`readingsOf: as text, ${path} may be read as ${JSON.stringify(reading)}`, () => {
    assert(isDoubtfulText(plainReading(path)));
    const readings = allOf(path, steps)!;
    assert(readings.includes(reading), readings.join(" "));
    assert(!readings.includes(other), readings.join(" "));
  });
}

Deno.test("readingsOf: letters are told apart where they are meant to be", () => {
  assert(!allOf("/adm%C4%B1n", TEXT_STEPS)!.includes("/admin"));
  assert.equal(isDoubtfulText("/a/b%20c%40"), false);
});

for (
  const path of [
    "/a%00",
    "/a%0a",
    "/a%0D/b",
    "/a%7F",
    "/a%2500",
    "/a%25%30%30",
    "/%1f",
    "/%u0061",
    "/%25uFF0f",
  ]
) {
  Deno.test(`readingsOf: ${path} is not read to its end`, () => {
    assert(isDoubtful(plainReading(path)));
    assert.equal(allOf(path), undefined);
    assert.equal(hasDotSegments(path), true, "nobody knows");
  });
}

Deno.test("readingsOf: looks at a bounded number of readings, of a bounded length", () => {
  const many = `/${Array.from({ length: 200 }, (_, n) => `${n};/..//%25252f`).join("/")}`;
  const generator = readingsOf(plainReading(many));
  let count = 0;
  while (!generator.next().done) count++;
  assert(count <= PATH_READINGS_MAX, `${count} readings`);
  assert.equal(allOf(`//${"a".repeat(PATH_READINGS_MAX_CHARACTERS / 2)}`), undefined);
  assert.equal(allOf(`//${"a".repeat(PATH_READINGS_MAX_CHARACTERS / 2 - 2)}`)?.length, 2);
});

/** Paths of a length that a step could be slow for: runs of what it looks for, and names without it. */
const LONG: readonly ((length: number) => string)[] = [
  (length) => `/%2561${":".repeat(length)}`,
  (length) => `/%2561${"a".repeat(length)}`,
  (length) => `/;${"a".repeat(length)}`,
  (length) => `//${".".repeat(length)}a`,
  (length) => `//${" ".repeat(length)}a`,
  (length) => `//${"%20".repeat(length / 3)}a`,
  (length) => `//${":$".repeat(length / 2)}`,
  (length) => `/${"a./".repeat(length / 3)}`,
  (length) => `/${"../".repeat(length / 3)}`,
  (length) => `/${"/".repeat(length)}a`,
  (length) => `/${"%c0".repeat(length / 3)}`,
  (length) => `/${"%25".repeat(60)}61/${":".repeat(length)}`,
];

for (const [index, make] of LONG.entries()) {
  Deno.test(`readingsOf: 60,000 characters like ${make(6)} (${index}) take milliseconds`, () => {
    const path = make(60_000);
    const startedMs = performance.now();
    allOf(path);
    hasDotSegments(path);
    // Some 10 ms; with a step whose time grows with the square of the length, several seconds.
    assert(performance.now() - startedMs < 1_000);
  });
}

const DOTS: readonly [path: string, has: boolean][] = [
  ["/a/b", false],
  ["/a%2Fb", false],
  ["//a", false],
  ["/a;b/c", false],
  ["/a..b/...", false],
  ["/a/../b", true],
  ["/a/.", true],
  ["/..", true],
  ["/a/%2e%2e", true],
  ["/a%2f..", true],
  ["/a/..;x/b", true],
  ["/a/%252e%252e%252fb", true],
  ["/a/..%20/b", true],
  ["/a../b", false],
];

for (const [path, has] of DOTS) {
  Deno.test(`hasDotSegments: ${path} ${has ? "has some" : "has none"}`, () => {
    assert.equal(hasDotSegments(path), has);
  });
}
