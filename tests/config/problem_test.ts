import assert from "node:assert/strict";
import {
  formatChoice,
  formatPlace,
  formatValue,
  maskCredentials,
  quote,
} from "../../lib/config/problem.ts";

const VALUES: readonly [value: unknown, shown: string][] = [
  [null, "null"],
  [true, "true"],
  [90, "90"],
  [Infinity, "Infinity"],
  ["a", '"a"'],
  ["", '""'],
  ['a"b', '"a\\"b"'],
  ["\u001b[31m", '"\\u001b[31m"'],
  ["\u009b\u2028\u202e\u2066\u200f", '"\\u009b\\u2028\\u202e\\u2066\\u200f"'],
  ["x".repeat(80), `"${"x".repeat(80)}"`],
  ["x".repeat(81), `"${"x".repeat(80)}…"`],
  ["https://me:secret@host", '"https://*********@host"'],
  [`https://me:${"p".repeat(200)}@host`, `"https://${"*".repeat(72)}…"`],
  [[], "a list"],
  [{}, "a mapping"],
  [Object.create(null), "a mapping"],
];

for (const [value, shown] of VALUES) {
  Deno.test(`formatValue shows ${shown.slice(0, 40)}`, () => {
    assert.equal(formatValue(value), shown);
  });
}

Deno.test("quote makes text inert, whatever its first 300 characters are", () => {
  for (let code = 0; code < 300; code++) {
    assert.doesNotMatch(quote(String.fromCharCode(code)), /\p{Cc}/u, String(code));
  }
});

const CHOICES: readonly [values: readonly string[], shown: string][] = [
  [[], ""],
  [["a"], '"a"'],
  [["a", "b"], '"a" or "b"'],
  [["a", "b", "c"], '"a", "b" or "c"'],
];

for (const [values, shown] of CHOICES) {
  Deno.test(`formatChoice of ${values.length} values`, () => {
    assert.equal(formatChoice(values), shown);
  });
}

const MASKED: readonly [text: string, masked: string][] = [
  ["http://host/a@b", "http://host/a@b"],
  ["http://me@host", "http://**@host"],
  ["http://a:b@c@host", "http://*****@host"],
  ["me@example.org", "me@example.org"],
  ["[http://a:b@c, http://d:e@f]", "[http://***@c, http://***@f]"],
];

for (const [text, masked] of MASKED) {
  Deno.test(`maskCredentials makes ${masked} of ${text}`, () => {
    assert.equal(maskCredentials(text), masked);
  });
}

Deno.test("formatPlace names line and column", () => {
  const place = { line: 7, column: 15, length: 1, sourceLine: "" };
  assert.equal(formatPlace(place), "line 7, column 15");
});
