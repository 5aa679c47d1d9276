import assert from "node:assert/strict";
import { coversHostname, formatHostPattern } from "../../lib/base/hostnames.ts";
import { RouteTable } from "../../lib/route/route_table.ts";
import { Random } from "../support/random.ts";
import { makeRoute } from "../support/route_configs.ts";

const APP = makeRoute("passthrough", ["app.example.org", "WWW.example.org"], { index: 0 });
const WILD = makeRoute("passthrough", ["*.example.org", "*.deep.example.org"], { index: 1 });
const LOCAL = makeRoute("passthrough", ["localhost", "*.local"], { index: 2 });
const ANY = makeRoute("passthrough", ["*"], { index: 3 });

const MATCHES: readonly [name: string | undefined, pattern: string | undefined][] = [
  ["app.example.org", "app.example.org"],
  ["APP.Example.Org", "app.example.org"],
  ["app.example.org.", "app.example.org"],
  ["www.example.org", "www.example.org"],
  ["other.example.org", "*.example.org"],
  ["x.deep.example.org", "*.deep.example.org"],
  ["deep.example.org", "*.example.org"],
  ["localhost", "localhost"],
  ["printer.local", "*.local"],
  // A wildcard replaces exactly the first label.
  ["example.org", undefined],
  ["a.b.example.org", undefined],
  ["x.app.example.org", undefined],
  ["local", undefined],
  [".example.org", undefined],
  // No name, IP literals and what cannot be a hostname.
  [undefined, undefined],
  ["", undefined],
  ["192.0.2.1", undefined],
  ["[::1]", undefined],
  ["*.example.org", undefined],
  ["app.example.org:443", undefined],
  ["app .example.org", undefined],
  ["constructor", undefined],
];

for (const [name, pattern] of MATCHES) {
  Deno.test(`RouteTable.match: ${name ?? "no name"} is ${pattern ?? "nobody's"}`, () => {
    const without = new RouteTable([APP, WILD, LOCAL]).match(name);
    assert.equal(without && formatHostPattern(without.pattern), pattern);
    // With a catch-all the same, and what was nobody's is its.
    const match = new RouteTable([ANY, APP, WILD, LOCAL]).match(name);
    assert.equal(match && formatHostPattern(match.pattern), pattern ?? "*");
    assert.ok(match?.route.hosts.includes(match.pattern));
  });
}

Deno.test("RouteTable.matches: has every host of every route in the order of the file", () => {
  const table = new RouteTable([ANY, APP, WILD]);
  assert.deepEqual(
    table.matches.map(({ pattern }) => formatHostPattern(pattern)),
    ["*", "app.example.org", "www.example.org", "*.example.org", "*.deep.example.org"],
  );
  assert.equal(table.matches[2], table.match("www.example.org"));
  assert.equal(table.matches[3].route, WILD);
});

Deno.test("RouteTable: an empty table matches nothing", () => {
  assert.equal(new RouteTable([]).match("app.example.org"), undefined);
  assert.equal(new RouteTable([]).match(undefined), undefined);
});

Deno.test("RouteTable.routes: keeps the order of the file", () => {
  assert.deepEqual(new RouteTable([WILD, APP]).routes, [WILD, APP]);
});

const SEED = 20260104;
Deno.test(`RouteTable.match: agrees with trying every pattern in turn, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const label = () => random.pick(["a", "b", "c"]);
  const name = () => Array.from({ length: 1 + random.below(3) }, label).join(".");
  let matched = 0;
  for (let round = 0; round < 500; round++) {
    const hosts = new Set(
      Array.from({ length: 8 }, () => random.below(2) === 0 ? name() : `*.${name()}`),
    );
    const table = new RouteTable([makeRoute("passthrough", [...hosts])]);
    const asked = name();
    const expected = [...hosts].filter((host) => coversHostname(host, asked))
      .sort((one, other) => Number(one.startsWith("*")) - Number(other.startsWith("*")))[0];
    const match = table.match(asked);
    assert.equal(match && formatHostPattern(match.pattern), expected, `${asked} in ${[...hosts]}`);
    if (match !== undefined) matched++;
  }
  assert.ok(matched > 50, `${matched} matched`);
});

Deno.test("RouteTable.match: 10,000 hosts are found as fast as ten", () => {
  const hosts = Array.from({ length: 10_000 }, (_, index) => `host${index}.example.org`);
  const table = new RouteTable(hosts.map((host, index) => makeRoute("offload", [host], { index })));
  for (const [index, host] of hosts.entries()) assert.equal(table.match(host)?.route.index, index);
});
