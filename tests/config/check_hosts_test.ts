import assert from "node:assert/strict";
import { checkHosts, findHost } from "../../lib/config/check_hosts.ts";
import { reportOn } from "./parsing.ts";

function check(text: string, count: number) {
  const { problems, report } = reportOn(text);
  const index = checkHosts(count, report);
  const told = problems.sorted().map(({ line, column, message, hint }) =>
    `${line}:${column} ${message}${hint === undefined ? "" : " (hint)"}`
  );
  return { index, told };
}

const TWICE: readonly [name: string, hosts: string, told: readonly string[]][] = [
  ["nothing for different hosts", "[a.b, '*.a.b', '*', b.a.b, a]", []],
  ["the same text", "[a.b, c.d, a.b]", [
    '1:30 Cannot add route "a.b": hostname is already used at line 1, column 20',
  ]],
  ["another case", "[a.b, A.B]", [
    '1:25 Cannot add route "A.B": hostname is already used at line 1, column 20 (hint)',
  ]],
  ["a final dot", "[a.b., a.b]", [
    '1:26 Cannot add route "a.b": hostname is already used at line 1, column 20 (hint)',
  ]],
  ["two scripts", "[bücher.example, xn--bcher-kva.example]", [
    '1:36 Cannot add route "xn--bcher-kva.example": hostname is already used at line 1, ' +
    "column 20 (hint)",
  ]],
  ["the catch-all", "['*', '*']", [
    '1:25 Cannot add route "*": hostname is already used at line 1, column 20',
  ]],
  ["each of three", "[a.b, a.b, a.b]", [
    '1:25 Cannot add route "a.b": hostname is already used at line 1, column 20',
    '1:30 Cannot add route "a.b": hostname is already used at line 1, column 20',
  ]],
  ["nothing for what is no host", "[5, 5, '', '', 10.0.0.1, 10.0.0.1]", []],
];

for (const [name, hosts, told] of TWICE) {
  Deno.test(`checkHosts reports ${name}`, () => {
    assert.deepEqual(check(`routes: [{ hosts: ${hosts} }]`, 1).told, told);
  });
}

Deno.test("checkHosts compares across routes, whatever else is wrong with them", () => {
  const { told } = check("routes:\n- hosts: [a.b]\n  x: y\n- 5\n- hosts: a.b\n- hosts: [a.b]", 4);
  assert.deepEqual(told, [
    '6:11 Cannot add route "a.b": hostname is already used at line 2, column 11',
  ]);
});

const FOUND: readonly [hostname: string, item: number | undefined][] = [
  ["a.b", 0],
  ["x.a.b", 1],
  ["y.x.a.b", undefined],
  ["b", undefined],
  ["c", undefined],
];

for (const [hostname, item] of FOUND) {
  Deno.test(`findHost finds ${item ?? "nothing"} for ${hostname}, else the catch-all`, () => {
    const { index } = check("routes: [{ hosts: [a.b, '*.a.b'] }]", 1);
    assert.equal(findHost(index, hostname)?.[3], item);
    const withAny = check("routes: [{ hosts: [a.b, '*.a.b', '*'] }]", 1).index;
    assert.equal(findHost(withAny, hostname)?.[3], item ?? 2);
  });
}
