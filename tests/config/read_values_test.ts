import assert from "node:assert/strict";
import { readValues } from "../../lib/config/read_values.ts";
import { reportOn } from "./parsing.ts";

function read(text: string) {
  const { problems, report } = reportOn(text);
  const file = readValues(report);
  return { file, lines: problems.sorted().map(({ line }) => line) };
}

Deno.test("readValues gives what is sound of a file that is broken in several places", () => {
  const { file, lines } = read(`version: 2
log: { level: loud }
relay: { engine: portable }
defaults: { proxy_protocol: v2, http: maybe }
routes:
  - hosts: [a.b]
    mode: nope
    proxy_protocol: v1
  - hosts: [b.c]
    mode: reject
`);
  assert.deepEqual(lines, [1, 2, 4, 7]);
  assert.deepEqual(file.top.relay, { engine: "portable" });
  assert.equal(file.top.version, undefined);
  assert.equal(file.top.log, undefined);
  assert.equal(file.defaults.proxy_protocol, "v2");
  assert.equal(file.defaults.http, undefined);
  const [first, second] = file.routes;
  assert.deepEqual([first.path, first.isSound], [["routes", 0], false]);
  assert.equal(first.values.mode, undefined);
  assert.equal(first.values.proxy_protocol, "v1");
  assert.deepEqual([second.path, second.isSound], [["routes", 1], true]);
  assert.equal(second.values.mode, "reject");
});

Deno.test("readValues counts an unknown key as unsound: another key may be meant", () => {
  const { file, lines } = read("version: 1\nroutes: [{ hosts: [a.b], mode: reject, x: 1 }]");
  assert.deepEqual(lines, [2]);
  assert.equal(file.routes[0].isSound, false);
  assert.equal(file.routes[0].values.mode, "reject");
});

const NO_ROUTES: readonly [routes: string, count: number][] = [
  ["", 0],
  ["routes: []", 0],
  ["routes: { a: b }", 0],
  ["routes: 5", 0],
  ["routes: [5]", 1],
  ["routes: [~]", 1],
];

for (const [routes, count] of NO_ROUTES) {
  Deno.test(`readValues reports one problem for "${routes}"`, () => {
    const { file, lines } = read(`version: 1\n${routes}`);
    assert.equal(lines.length, 1);
    assert.equal(file.routes.length, count);
    assert(file.routes.every(({ isSound, values }) => !isSound && values.mode === undefined));
  });
}

for (const defaults of ["5", "[]", "~"]) {
  Deno.test(`readValues refuses "defaults: ${defaults}"`, () => {
    const text = `version: 1\ndefaults: ${defaults}\nroutes: [{ hosts: [a.b], mode: reject }]`;
    const { file, lines } = read(text);
    assert.deepEqual([lines, file.defaults], [[2], {}]);
  });
}
