import assert from "node:assert/strict";
import {
  coversHostname,
  formatHostPattern,
  HOSTNAME_MAX_CHARACTERS,
  isIpLiteral,
  normalizeHostname,
  parseHostPattern,
} from "../../lib/base/hostnames.ts";
import { Random } from "../support/random.ts";

const longest = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`;

Deno.test("normalizeHostname: lower case, no final dot", () => {
  const cases: Record<string, string> = {
    "app.example.org": "app.example.org",
    "APP.Example.ORG": "app.example.org",
    "app.example.org.": "app.example.org",
    "localhost": "localhost",
    "my_app.example.org": "my_app.example.org",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "1.example": "1.example",
    "3com": "3com",
    [longest]: longest,
    [`${longest}.`]: longest,
  };
  for (const [text, name] of Object.entries(cases)) {
    assert.equal(normalizeHostname(text), name, text);
  }
  assert.equal(longest.length, HOSTNAME_MAX_CHARACTERS);
});

Deno.test("normalizeHostname: refuses what cannot be a hostname", () => {
  const bad = [
    "",
    ".",
    "..",
    ".example.org",
    "app..example.org",
    "app.example.org..",
    "-app.example.org",
    "app-.example.org",
    "app example.org",
    "app.example.org:443",
    "app/example.org",
    "user@example.org",
    "*.example.org",
    "app\0.example.org",
    "app.example.org\n",
    "bücher.example",
    `${"a".repeat(64)}.example`,
    `${longest}d`,
    // Lower case of the Kelvin sign is an ASCII "k": another name must not become this one.
    "\u212a.example.org",
    // IP literals, and what URL parsers read as such (WHATWG URL, "ends in a number").
    "192.0.2.1",
    "[::1]",
    "::1",
    "127.1",
    "2130706433",
    "example.1",
    "example.0x7f",
    "0x7F000001",
  ];
  for (const text of bad) assert.equal(normalizeHostname(text), undefined, JSON.stringify(text));
});

Deno.test("isIpLiteral: with and without brackets", () => {
  for (const text of ["192.0.2.1", "::1", "[::1]", "[2001:db8::1]", "1", "a.1", "a.0x1f"]) {
    assert.ok(isIpLiteral(text), text);
  }
  for (const text of ["", "a", "1.a", "a.1b", "0xfg", "app.example.org", "[a]"]) {
    assert.ok(!isIpLiteral(text), text);
  }
});

Deno.test("parseHostPattern: reads names, wildcards and the catch-all", () => {
  const cases: Record<string, string> = {
    "*": "*",
    "App.Example.org": "app.example.org",
    "*.Example.org": "*.example.org",
    "*.org": "*.org",
    "Bücher.example": "xn--bcher-kva.example",
    "*.bücher.example": "*.xn--bcher-kva.example",
    "bu\u0308cher.example": "xn--bcher-kva.example",
  };
  for (const [text, formatted] of Object.entries(cases)) {
    const pattern = parseHostPattern(text);
    assert.ok(pattern !== undefined, text);
    assert.equal(formatHostPattern(pattern), formatted);
    assert.deepEqual(parseHostPattern(formatted), pattern);
  }
  assert.deepEqual(parseHostPattern("*.example.org"), { kind: "wildcard", name: "example.org" });
});

Deno.test("parseHostPattern: refuses the rest, and never takes a part of it", () => {
  const bad = [
    "",
    "*.",
    "**",
    "*.*.example.org",
    "a*.example.org",
    "app.*.org",
    "192.0.2.1",
    "*.0.2.1",
    "app.example.org:443",
    "https://app.example.org",
    // Through a URL parser these would be the host alone.
    "ü@app.example.org",
    "ü/app.example.org",
    "ü:443",
    "ü?.example.org",
    "ü#.example.org",
    "ü%2e.example.org",
    "a\u200db.example.org ",
    "ü .example.org",
  ];
  for (const text of bad) assert.equal(parseHostPattern(text), undefined, JSON.stringify(text));
});

Deno.test("coversHostname: exact, or a wildcard for the first label (RFC 6125 §6.4.3)", () => {
  const yes = [
    ["app.example.org", "app.example.org"],
    ["APP.example.org", "app.example.org"],
    ["*.example.org", "app.example.org"],
    ["*.Example.org", "other.example.org"],
  ];
  const no = [
    ["app.example.org", "other.example.org"],
    ["app.example.org", "x.app.example.org"],
    ["*.example.org", "example.org"],
    ["*.example.org", "a.b.example.org"],
    ["*.example.org", "appexample.org"],
    ["*.example.org", ".example.org"],
    ["a*.example.org", "app.example.org"],
    ["*", "app"],
    ["app.*.org", "app.example.org"],
  ];
  for (const [name, hostname] of yes) assert.ok(coversHostname(name, hostname), name);
  for (const [name, hostname] of no) assert.ok(!coversHostname(name, hostname), name);
});

const SEED = 20260103;
Deno.test(`normalizeHostname: is idempotent and never throws, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const alphabet = [..."aZ09-_.*:[]%@/\\ \0\xfc\u212a\ud800"];
  let names = 0;
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: random.below(8) }, () => random.pick(alphabet)).join("");
    const name = normalizeHostname(text);
    parseHostPattern(text);
    if (name === undefined) continue;
    names++;
    assert.equal(normalizeHostname(name), name);
    assert.match(name, /^[a-z0-9_.-]+$/);
  }
  assert.ok(names > 100, `${names} names`);
});

const CASE_SEED = 20260104;
Deno.test(`normalizeHostname: a name in lower case is judged like one in upper case, seed ${CASE_SEED}`, () => {
  const random = new Random(CASE_SEED);
  const labels = ["a", "z9", "9z", "9", "0x1f", "0xg", "_a", "a_", "a-b", "-a", "a-", "", "x--1"];
  const lengths = [61, 62, 63, 64].map((length) => "b".repeat(length));
  let names = 0;
  for (let round = 0; round < 20_000; round++) {
    const count = 1 + random.below(6);
    const text = Array.from({ length: count }, () => random.pick([...labels, ...lengths])).join(
      ".",
    );
    const name = normalizeHostname(text);
    assert.equal(name, normalizeHostname(text.toUpperCase()), text);
    if (name !== undefined) names++;
  }
  assert.ok(names > 1_000, `${names} names`);
});
