import assert from "node:assert/strict";
import { createPathMatcher } from "../../../lib/http/policy/match_path.ts";
import { Random } from "../../support/random.ts";
import { makePath } from "./path_configs.ts";

const PATHS = [
  makePath("/my files/*"),
  makePath("/über/*"),
  makePath("/straße/*"),
  makePath("/@me,(x)/*"),
  makePath("/日本/seite"),
  makePath("/kız/*"),
  makePath("/c/*"),
];
const NAMES = ["files", "über", "straße", "@me", "seite", "kız", "c"];

const CASES: readonly [target: string, found: string][] = [
  ["/", "none"],
  ["*", "none"],
  ["/my%20files", "files"],
  ["/my%20files/a/b?c", "files"],
  ["/MY%20Files/%C3%BC", "files"],
  ["/%6dy%20files/a+b", "files"],
  ["/my%20files/a+b;c//d%2Fe", "files"],
  ["/myfiles/x", "none"],
  ["/my%20file", "none"],
  ["/%C3%BCber/x", "über"],
  ["/%c3%bcber", "über"],
  ["/%C3%BCBER/x", "über"],
  // The same letter, for everybody but who compares bytes: another case, and NFD.
  ["/%C3%9Cber/x", "über"],
  ["/u%CC%88ber/x", "über"],
  ["/stra%C3%9Fe/x", "straße"],
  ["/%40me%2C(x%29/y", "@me"],
  ["/@me,(x)/y", "@me"],
  ["/%E6%97%A5%E6%9C%AC/seite", "seite"],
  ["/%E6%97%A5%E6%9C%AC/seite/x", "none"],
  ["/k%C4%B1z/x", "kız"],
  ["/uber/x", "none"],
  ["/100%25/%C3%BC/+", "none"],
  ["/blog/%FC", "none"],
  ["/uploads/caf%E9.jpg", "none"],
  // Ways around, each of which works against some server.
  ["/my+files/x", "ambiguous"],
  ["/my%2Bfiles/x", "ambiguous"],
  ["/my%2520files/x", "ambiguous"],
  ["/my%25%32%30files/x", "ambiguous"],
  ["/my%C2%A0files/x", "ambiguous"],
  ["/my%E3%80%80files/x", "ambiguous"],
  ["/my%20files./x", "ambiguous"],
  ["/my%20files%20/x", "ambiguous"],
  ["/my%20files+/x", "ambiguous"],
  ["/x/..%2fmy%20files", "ambiguous"],
  ["/my%20files/../x", "ambiguous"],
  ["/my%FF%20files/x", "ambiguous"],
  ["/%FCber/x", "ambiguous"],
  ["/%81ber/x", "ambiguous"],
  ["/%25C3%25BCber/x", "ambiguous"],
  ["/%C3%83%C2%BCber/x", "ambiguous"],
  ["/%E0%83%BCber/x", "ambiguous"],
  ["/%u00fcber/x", "ambiguous"],
  ["/%C3%BCb%C2%ADer/x", "ambiguous"],
  ["/%C3%BCb%E2%80%8Ber/x", "ambiguous"],
  ["/%C3%BCber;a/x", "ambiguous"],
  ["/x/../%C3%BCber", "ambiguous"],
  ["/%EF%BD%95%CC%88ber/x", "ambiguous"],
  ["/strasse/x", "ambiguous"],
  ["/STRASSE", "ambiguous"],
  ["/stra%DFe/x", "ambiguous"],
  ["/stra%C5%BFs%65/x", "ambiguous"],
  ["/kiz/x", "ambiguous"],
  ["/%2540me,(x)/y", "ambiguous"],
  ["/%EF%BC%A0me,(x)/y", "ambiguous"],
  ["/%93%FA%96%7B/seite", "ambiguous"],
  ["/c%C2%AD/x", "ambiguous"],
  // What is left once letters have become signs.
  ["/x/%E2%80%A5/%C3%BCber", "ambiguous"],
  ["/my%EF%B9%AA20files/x", "ambiguous"],
  // To whoever tells the letters apart, another folder than the one at the start.
  ["/stra%C3%9Fe/../strasse/x", "ambiguous"],
];

for (const [target, found] of CASES) {
  Deno.test(`createPathMatcher: beside letters of all kinds, ${target} belongs to ${found}`, () => {
    const match = createPathMatcher(PATHS)(target);
    const name = match.kind === "path" ? NAMES[PATHS.indexOf(match.path)] : match.kind;
    assert.equal(name, found);
  });
}

Deno.test("createPathMatcher: a plus is one where an entry means it", () => {
  const paths = [makePath("/c++/*"), makePath("/my files/*")];
  const at = (target: string) => {
    const found = createPathMatcher(paths)(target);
    return found.kind === "path" ? paths.indexOf(found.path) : found.kind;
  };
  assert.deepEqual(
    ["/c++/x", "/c%2B%2b", "/my%20files/c++", "/my+files/x", "/c%20%20/x", "/c"].map(at),
    [0, 0, 1, "ambiguous", "ambiguous", "none"],
  );
});

Deno.test("createPathMatcher: a long path beside letters is looked at once", () => {
  const long = `/uploads/${"a".repeat(7_000)}${"%C3%BC".repeat(1_000)}`;
  assert.equal(createPathMatcher(PATHS)(long).kind, "none");
});

const SEED = 0x5eed;

/** What some server does to a path, in any order, for it has its own idea of letters. */
const SERVERS: readonly ((path: string) => string)[] = [
  decodeOrNot,
  decodeOrNot,
  (path) => path.replace(/\/{2,}/g, "/"),
  (path) => path.replace(/;[^/]*/g, ""),
  (path) => URL.parse(`http://h${path.startsWith("/") ? path : "/"}`)?.pathname ?? path,
  (path) => path.replaceAll("+", " "),
  (path) => path.normalize("NFC"),
  (path) => path.normalize("NFKC"),
  (path) => path.toUpperCase(),
  (path) => path.toLowerCase(),
  (path) => path.replace(/[\u00ad\u200b-\u200f\ufeff]/g, ""),
  (path) => path.replace(/[. ]+(?=\/|$)/g, ""),
  // Latin-1 for UTF-8, and the other way round.
  (path) =>
    path.replace(/%([\da-f]{2})/gi, (_, digits) => String.fromCharCode(parseInt(digits, 16))),
  (path) => {
    const bytes = Uint8Array.from(path, (each) => each.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    return /[^\0-\xff]/.test(path) || text.includes("\ufffd") ? path : text;
  },
];

function decodeOrNot(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const PIECES = ["/", "/", "/", "x", "..", "%2e%2e", "%2f", "%25", "25", ";a", "//"]
  .concat(["my%20files", "my+files", "MY%20FILES", "my%C2%A0files", "my%2520files", "my%2bfiles"])
  .concat([
    "%C3%BCber",
    "%c3%9cBER",
    "u%CC%88ber",
    "U%cc%88ber",
    "%FCber",
    "%25C3%25BCber",
    "%DCber",
  ])
  .concat(["%C3%83%C2%BCber", "%EF%BD%95%CC%88ber", "%C3%BCb%C2%ADer", "%C3%BCb%e2%80%8Ber"])
  .concat(["stra%C3%9Fe", "strasse", "STRASSE", "stra%DFe", "stra%E1%BA%9Ee", "stra%C5%BF%C5%BFe"])
  .concat([
    "%40me",
    "@me",
    "%2540me",
    "%EF%BC%A0me",
    "%EF%B9%ABme",
    "offen",
    "%C3%B6ffen",
    "%20",
    ".",
  ]);

/** What must be guarded of what a server has read. */
const SERVED = /^\/(?:my files|über|stra(?:ß|ss)e|@me)(?!\/offen(?:\/|$))(?:\/|$)/i;

Deno.test(`createPathMatcher: whatever letters a server reads are guarded, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const names = ["/my files", "/über", "/straße", "/@me"];
  const open = names.map((name) => makePath(`${name}/offen/*`));
  const guards = names.map((name) => makePath(`${name}/*`));
  const match = createPathMatcher([...open, ...guards]);
  const reached = { guards: 0, open: 0 };
  for (let round = 0; round < 40_000; round++) {
    let target = "/";
    if (random.below(3) === 0) target += `${random.pick(PIECES)}/offen/`;
    for (let count = 1 + random.below(6); count > 0; count--) target += random.pick(PIECES);
    const found = match(target);
    if (found.kind === "ambiguous") continue;
    if (found.kind === "path" && open.includes(found.path)) reached.open++;
    let read = target;
    for (let step = random.below(6); step >= 0; step--) {
      read = random.pick(SERVERS)(read);
      if (!SERVED.test(read.normalize("NFC"))) continue;
      reached.guards++;
      assert(
        found.kind === "path" && guards.includes(found.path),
        `${target} is ${found.kind}, and some server reads ${JSON.stringify(read)}`,
      );
    }
  }
  assert(reached.guards > 500, `guarded paths were only reached ${reached.guards} times`);
  assert(reached.open > 20, `open paths were only reached ${reached.open} times`);
});

Deno.test(`createPathMatcher: as it is written, each entry gets its requests, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const letters = [..."aZ09-_~.!$&'()+,=@[]|^\"<>ßüÜıİſKＡ１é漢ﬁ한😀ñøåæœčςΣюя"];
  for (let round = 0; round < 5_000; round++) {
    const name = Array.from({ length: 1 + random.below(6) }, () => random.pick(letters)).join("");
    // What the schema refuses.
    if (name.endsWith(".") || name.includes(":")) continue;
    const entry = makePath(`/${name}/*`);
    const match = createPathMatcher([entry]);
    for (const target of [encodeURI(`/${name}/x`), `/${encodeURIComponent(name)}`]) {
      assert.equal(match(target).kind, "path", `${name} asked for as ${target}`);
    }
    const { pathname } = new URL(`/${name}/y`, "http://h");
    assert.equal(match(pathname).kind, "path", `${name} asked for as ${pathname}`);
  }
});
