import assert from "node:assert/strict";
import { formatAddress } from "../../lib/base/addresses.ts";
import { configOf, messagesOf } from "./parsing.ts";

const ROUTE = "{ hosts: [a.b], mode: reject }";

const LISTENS: readonly [listen: string, https: readonly string[], http: readonly string[]][] = [
  ["", ["[::]:443"], ["[::]:80"]],
  ["listen: {}", ["[::]:443"], ["[::]:80"]],
  ["listen: { https: ':8443' }", ["[::]:8443"], ["[::]:80"]],
  ["listen: { http: [] }", ["[::]:443"], []],
  ["listen: { https: ['127.0.0.1:0', '127.0.0.1:0'], http: '127.0.0.1:0' }", [
    "127.0.0.1:0",
    "127.0.0.1:0",
  ], ["127.0.0.1:0"]],
  ["listen: { https: ['10.0.0.1:443', '[fd00::1]:443'] }", ["10.0.0.1:443", "[fd00::1]:443"], [
    "[::]:80",
  ]],
];

for (const [listen, https, http] of LISTENS) {
  Deno.test(`resolveListen reads "${listen}"`, () => {
    const config = configOf(`${listen}\nversion: 1\nroutes: [${ROUTE}]`);
    assert.deepEqual(config.listen.https.map(formatAddress), https);
    assert.deepEqual(config.listen.http.map(formatAddress), http);
  });
}

const OVERLAPS: readonly [listen: string, value: string, other: string][] = [
  ["https: [':1', '[::]:1']", "[::]:1", '"[::]:1" at line 1, column 19'],
  ["https: [':1', '0.0.0.0:1']", "0.0.0.0:1", '"[::]:1" at line 1, column 19'],
  ["https: ['0.0.0.0:1', ':1']", ":1", '"0.0.0.0:1" at line 1, column 19'],
  ["https: ':1', http: '127.0.0.1:1'", "127.0.0.1:1", '"[::]:1" at line 1, column 18'],
  ["https: ':80'", ":80", '"[::]:80" by default'],
  ["http: '10.0.0.1:443'", "10.0.0.1:443", '"[::]:443" by default'],
];

for (const [listen, value, other] of OVERLAPS) {
  Deno.test(`resolveListen refuses ${listen}`, () => {
    const key = listen.includes("http:") ? "http" : "https";
    assert.deepEqual(messagesOf(ROUTE, `listen: { ${listen} }`), [
      `Cannot use "${value}" as "listen.${key}": its port is already taken by ${other}`,
    ]);
  });
}
