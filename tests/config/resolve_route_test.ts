import assert from "node:assert/strict";
import { configOf, messagesOf, routeOf } from "./parsing.ts";

const REDIRECTS: readonly [keys: string, top: string, to: string, status: number][] = [
  ["to: https://c.d", "", "https://c.d/", 308],
  ["to: https://c.d/e?f=g, status: 301", "", "https://c.d/e?f=g", 301],
  ["to: http://c.d:8080", "defaults: { status: 302 }", "http://c.d:8080/", 302],
  ["status: 307", "defaults: { status: 302, to: https://c.d }", "https://c.d/", 307],
  // The same host, but a port that is not ours.
  ["to: https://a.b:8443", "", "https://a.b:8443/", 308],
];

for (const [keys, top, to, status] of REDIRECTS) {
  Deno.test(`resolveRoute redirects to ${to} with ${status}`, () => {
    const { redirect } = routeOf(`{ hosts: [a.b], mode: redirect, ${keys} }`, top);
    assert.deepEqual([redirect?.to.href, redirect?.status], [to, status]);
  });
}

const LOOPS: readonly [hosts: string, to: string, top: string, isLoop: boolean][] = [
  ["[a.b]", "https://a.b", "", true],
  ["[a.b]", "https://A.B/x", "", true],
  ["[a.b]", "http://a.b", "", true],
  ["[a.b]", "https://a.b:8443", "listen: { https: ':8443' }", true],
  ["[a.b]", "https://a.b", "listen: { https: ':8443' }", true],
  ["['*.a.b']", "https://c.a.b", "", true],
  ["['*.a.b']", "https://a.b", "", false],
  ["['*']", "https://c.d", "", true],
  ["['*']", "https://other.example", "", false],
  ["[a.b]", "https://c.d", "", false],
];

for (const [hosts, to, top, isLoop] of LOOPS) {
  Deno.test(`resolveRoute: ${hosts} to ${to} ${isLoop ? "leads back" : "is fine"} ${top}`, () => {
    const tls = "tls: { certificate: internal }";
    const told = messagesOf(
      `{ hosts: ${hosts}, mode: redirect, to: "${to}", ${tls} }, ` +
        "{ hosts: [other.example], mode: reject }",
      top,
    );
    const expected = `Cannot use "${to}" as "to": it leads back to this route, for ever`;
    assert.deepEqual(told, isLoop ? [expected] : []);
  });
}

const DEFAULTS = { connectMs: 5_000, headerMs: 10_000, keepAliveMs: 75_000, responseMs: 60_000 };

Deno.test("resolveRoute has a limit for every wait, and merges given ones key by key", () => {
  const route = "hosts: [a.b], mode: passthrough, upstream: b:1";
  assert.deepEqual(routeOf(`{ ${route} }`).timeouts, { ...DEFAULTS, idleMs: 600_000 });
  const merged = routeOf(
    `{ ${route}, timeouts: { idle: 1h, connect: 1s } }`,
    "defaults: { timeouts: { connect: 2s, header: 3s } }",
  );
  assert.deepEqual(merged.timeouts, {
    ...DEFAULTS,
    connectMs: 1_000,
    headerMs: 3_000,
    idleMs: 3_600_000,
  });
});

Deno.test("resolveRoute takes the hello limit from defaults, for the whole file", () => {
  const routes = "version: 1\nroutes: [{ hosts: [a.b], mode: reject }]";
  assert.equal(configOf(routes).helloTimeoutMs, 5_000);
  assert.equal(configOf(`defaults: { timeouts: { hello: 1s } }\n${routes}`).helloTimeoutMs, 1_000);
});

Deno.test("resolveRoute numbers routes in the order of the file, and reads terminate as offload", () => {
  const { routes } = configOf(
    "version: 1\nroutes: [{ hosts: [b.c], mode: reject }, " +
      "{ hosts: [a.b, '*.a.b'], mode: terminate, upstream: http://x, tls: { certificate: internal } }]",
  );
  assert.deepEqual(routes.map(({ index, mode }) => [index, mode]), [[0, "reject"], [1, "offload"]]);
  assert.deepEqual(routes[1].hosts, [
    { kind: "exact", name: "a.b" },
    { kind: "wildcard", name: "a.b" },
  ]);
});
