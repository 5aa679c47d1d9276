import assert from "node:assert/strict";
import { createPathMatcher, matchesPattern } from "../../../lib/http/policy/match_path.ts";
import { Random } from "../../support/random.ts";
import { makePath } from "./path_configs.ts";

const PATHS = [
  makePath("/robots.txt"),
  makePath("/admin/public/*"),
  makePath("/admin/*"),
  makePath("/api/v1/*"),
  makePath("/Mixed/*"),
];
const NAMES = ["robots", "public", "admin", "v1", "mixed"];

/** @returns The name of the entry, `none` or `ambiguous`. */
function match(target: string, paths = PATHS): string {
  const found = createPathMatcher(paths)(target);
  return found.kind === "path" ? NAMES[paths.indexOf(found.path)] ?? "?" : found.kind;
}

const CASES: readonly [target: string, found: string][] = [
  ["/", "none"],
  ["/robots.txt", "robots"],
  ["/robots.txt?x=/admin/", "robots"],
  ["/robots.txt/", "none"],
  ["/robots.txt/a", "none"],
  ["/robots-txt", "none"],
  ["/admin", "admin"],
  ["/admin?a", "admin"],
  ["/admin/", "admin"],
  ["/admin/x/y", "admin"],
  ["/administrator", "none"],
  ["/admin.json", "none"],
  ["/admin/public", "public"],
  ["/admin/publicity", "admin"],
  ["/api", "none"],
  ["/api/v1/x%2Fy", "v1"],
  ["/mixed/x", "mixed"],
  ["/MIXED", "mixed"],
  ["*", "none"],
  // RFC 3986 §6.2.2: these are the same path.
  ["/%61dmin/x", "admin"],
  ["/%41DMIN", "admin"],
  ["/ADMIN/x", "admin"],
  ["/admin%2Fpublic", "ambiguous"],
  // Ways around a guard, each of which works against some server.
  ["//admin/x", "ambiguous"],
  ["/x/../admin", "ambiguous"],
  ["/x/%2e%2e/admin", "ambiguous"],
  ["/admin/../x", "ambiguous"],
  ["/admin/..", "ambiguous"],
  ["/admin/public/../x", "ambiguous"],
  ["/admin/public/..;/x", "ambiguous"],
  ["/admin/public%2f..%2fx", "ambiguous"],
  ["/admin/public/..%5cx", "ambiguous"],
  ["/admin/public/..\\x", "ambiguous"],
  ["/admin;x=1/y", "ambiguous"],
  ["/admin%3bx/y", "ambiguous"],
  ["/%2561dmin", "ambiguous"],
  ["/%2fadmin", "ambiguous"],
  ["/.%3bx%2f*%252f/admin", "ambiguous"],
  ["/.//admin", "ambiguous"],
  ["/admin#x", "ambiguous"],
  ["/admin%23", "ambiguous"],
  ["/admin%3f", "ambiguous"],
  ["/admin%00", "ambiguous"],
  ["/\\admin", "ambiguous"],
  ["/x/%c0%ae%c0%ae/admin", "ambiguous"],
  ["/%c1%a1dmin", "ambiguous"],
  ["/%e0%81%a1dmin", "ambiguous"],
  ["/%u0061dmin", "ambiguous"],
  ["/admin.", "ambiguous"],
  ["/admin%20/x", "ambiguous"],
  ["/admin%2e%20./x", "ambiguous"],
  ["/admin:$i30:$INDEX_ALLOCATION/x", "ambiguous"],
  ["/admin::$data", "ambiguous"],
  ["/adm%C4%B1n/x", "ambiguous"],
  ["/%EF%BD%81dmin", "ambiguous"],
  // Unusual, but of one entry whoever reads it.
  ["/admin//x", "admin"],
  ["/admin/x/../y", "admin"],
  ["/admin/a%2Fb", "admin"],
  ["/admin/a;b/c", "admin"],
  ["/api/v1/../v1/x", "v1"],
  ["/blog/a%2Fb;c//d", "none"],
  ["/100%25", "none"],
  ["/%C0%20la%20carte", "none"],
  ["/blog/../about", "none"],
  ["/blog/and so on...".replaceAll(" ", "%20"), "none"],
  ["/%E3%83%96%E3%83%AD%E3%82%B0%EF%BC%9A%EF%BC%91", "none"],
  ["/api/v1/x:cancel", "v1"],
  ["/api/v1:cancel", "none"],
];

for (const [target, found] of CASES) {
  Deno.test(`createPathMatcher: ${target} belongs to ${found}`, () =>
    assert.equal(match(target), found));
}

Deno.test("createPathMatcher: the first entry that matches wins", () => {
  const paths = [makePath("/a/b"), makePath("/a/*"), makePath("/*")];
  const at = (target: string) => {
    const found = createPathMatcher(paths)(target);
    return found.kind === "path" ? paths.indexOf(found.path) : -1;
  };
  assert.deepEqual(["/a/b", "/a/b/", "/a", "/b", "/", "*"].map(at), [0, 1, 1, 2, 2, 2]);
});

Deno.test("createPathMatcher: without paths nothing is refused", () => {
  for (const target of ["//a", "/a/../b", "/a%00", "/x;y"]) {
    // What cannot be read to its end is refused wherever there is something to tell apart.
    const expected = target === "/a%00" ? "ambiguous" : "none";
    assert.equal(match(target, []), expected);
  }
});

Deno.test("matchesPattern: a prefix ends at a slash", () => {
  const { pattern } = makePath("/a/*");
  assert.deepEqual(
    ["/a", "/a/", "/a/b", "/ab", "/", "/A"].map((path) => matchesPattern(pattern, path)),
    [
      true,
      true,
      true,
      false,
      false,
      false,
    ],
  );
});

/** What some server does to a path, in the order in which it happens to do it. */
const SERVERS: readonly ((path: string) => string)[] = [
  decodeURIComponentOrNot,
  (path) => path.replace(/\/{2,}/g, "/"),
  (path) => path.replaceAll("\\", "/"),
  (path) => path.replace(/;[^/]*/g, ""),
  (path) => path.replace(/[?#].*$/s, ""),
  (path) => path.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  (path) => path.replace(/%c0%(a[ef])/gi, (_, digits) => /e/i.test(digits) ? "." : "/"),
  // The WHATWG parser: dots, escaped dots and backslashes.
  (path) => URL.parse(`http://h${path.startsWith("/") ? path : "/"}`)?.pathname ?? path,
];

function decodeURIComponentOrNot(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const PIECES = [
  "/",
  "/",
  "/",
  "admin",
  "ADMIN",
  "%61dmin",
  "x",
  "public",
  "..",
  ".",
  "%2e",
  "%2E%2e",
  "%2f",
  "%2F",
  "%5c",
  "\\",
  ";",
  ";a=b",
  "%3b",
  "%252e",
  "%252f",
  "%25",
  "#",
  "%23",
  "%3F",
  "%c0%ae",
  "%C0%AF",
  "//",
  "y",
];

const SEED = 0x5eed;

Deno.test(`createPathMatcher: whatever any server reads as a guarded path is guarded, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const paths = [makePath("/admin/public/*"), makePath("/admin/*")];
  let reached = 0;
  for (let round = 0; round < 60_000; round++) {
    let target = "/";
    for (let count = 1 + random.below(9); count > 0; count--) target += random.pick(PIECES);
    const found = createPathMatcher(paths)(target);
    if (found.kind === "ambiguous") continue;
    let read = target;
    for (let step = random.below(6); step >= 0; step--) {
      read = random.pick(SERVERS)(read);
      const isGuarded = /^\/admin(?!\/public(?:\/|$))(?:\/|$)/i.test(read);
      if (!isGuarded) continue;
      reached++;
      assert(
        found.kind === "path" && found.path === paths[1],
        `${target} is ${found.kind}, and some server reads ${read}`,
      );
    }
  }
  assert(reached > 500, `the guarded path was only reached ${reached} times`);
});

Deno.test(`createPathMatcher: a browser's paths are never refused, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const words = ["admin", "public", "a b", "é", "x.y", "100%", "q&a", "(1)", "~me", "a+b", "日本"];
  for (let round = 0; round < 5_000; round++) {
    const segments = Array.from(
      { length: random.below(5) },
      () => encodeURIComponent(random.pick(words)),
    );
    const { pathname, search } = new URL(`http://h/${segments.join("/")}?p=/../%2f;x`);
    assert.notEqual(createPathMatcher(PATHS)(pathname + search).kind, "ambiguous", pathname);
  }
});
