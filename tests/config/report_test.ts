import assert from "node:assert/strict";
import type { Path, Report } from "../../lib/config/report.ts";
import { reportOn } from "./parsing.ts";

const TEXT = `version: 1
listen: { https: ":443", http: [":80", ":81"] }
defaults: { timeouts: { hello: 90 } }
routes:
  - hosts: [a.example.org, b.example.org]
    mode: offload
    tls: { certificate: auto }
    upstreams: [{ url: x }]
  - mode: reject
  - 5
`;

function told(tell: (report: Report) => void): string {
  const { problems, report } = reportOn(TEXT);
  tell(report);
  const [{ line, column, length, message }] = problems.sorted();
  return `${line}:${column}+${length} ${message}`;
}

const USES: readonly [path: Path, told: string][] = [
  [["version"], '1:10+1 Cannot use 1 as "version": S'],
  [["defaults", "timeouts", "hello"], '3:32+2 Cannot use 90 as "defaults.timeouts.hello": S'],
  [["listen", "http", 1], '2:40+5 Cannot use ":81" as "listen.http": S'],
  [["routes", 0, "mode"], '6:11+7 Cannot use "offload" as "mode": S'],
  [["routes", 0, "hosts", 1], '5:28+13 Cannot use "b.example.org" as "hosts": S'],
  [["routes", 0, "hosts"], '5:12+30 Cannot use a list as "hosts": S'],
  [["routes", 0, "tls", "certificate"], '7:25+4 Cannot use "auto" as "tls.certificate": S'],
  [["routes", 0, "upstreams", 0, "url"], '8:24+1 Cannot use "x" as "upstreams.url": S'],
  [["routes", 2], '10:5+1 Cannot use 5 as "routes": S'],
];

for (const [path, expected] of USES) {
  Deno.test(`Report.cannotUse names and places ${path.join(".")}`, () => {
    assert.equal(told((report) => report.cannotUse(path, "S")), expected);
  });
}

const KEYS: readonly [path: Path, told: string][] = [
  [["version"], '1:1+7 Cannot read "routes.yaml": S'],
  [["listen", "http"], '2:26+4 Cannot read "listen": S'],
  [["routes", 0, "mode"], '6:5+4 Cannot read route "a.example.org": S'],
  [["routes", 1, "mode"], "9:5+4 Cannot read route 2: S"],
  [["routes", 0, "tls", "certificate"], '7:12+11 Cannot read "tls" of route "a.example.org": S'],
];

for (const [path, expected] of KEYS) {
  Deno.test(`Report.cannotReadKey names the owner of ${path.join(".")}, and stands at the key`, () => {
    assert.equal(told((report) => report.cannotReadKey(path, "S")), expected);
  });
}

const MAPPINGS: readonly [path: Path, told: string][] = [
  [[], '1:1+1 Cannot read "routes.yaml": S'],
  [["listen"], '2:1+6 Cannot read "listen": S'],
  [["routes", 0], '5:13+13 Cannot read route "a.example.org": S'],
  [["routes", 1], "9:5+1 Cannot read route 2: S"],
  [["routes", 0, "tls"], '7:5+3 Cannot read "tls" of route "a.example.org": S'],
  [["routes", 0, "upstreams", 0], '8:17+1 Cannot read "upstreams" of route "a.example.org": S'],
];

for (const [path, expected] of MAPPINGS) {
  Deno.test(`Report.cannotReadMapping names [${path.join(".")}], and stands at its head`, () => {
    assert.equal(told((report) => report.cannotReadMapping(path, "S")), expected);
  });
}

Deno.test("Report finds values, places and items", () => {
  const { report } = reportOn(TEXT);
  assert.equal(report.valueAt(["routes", 0, "mode"]), "offload");
  assert.equal(report.valueAt(["routes", 9, "mode"]), undefined);
  assert.equal(report.valueAt(["version", "toString"]), undefined);
  assert.equal(report.placeOf(["routes", 0, "mode"]), "line 6, column 11");
  assert.equal(report.placeOf(["routes", 0, "nowhere"]), "line 5, column 5");
  assert.deepEqual(report.itemPath(["listen", "http"], 1), ["listen", "http", 1]);
  assert.deepEqual(report.itemPath(["listen", "https"], 0), ["listen", "https"]);
});
