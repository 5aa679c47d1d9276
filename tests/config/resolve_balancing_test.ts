import assert from "node:assert/strict";
import type { HealthCheckConfig } from "../../lib/config/config.ts";
import { configOf, messagesOf, routeOf } from "./parsing.ts";

const TCP: HealthCheckConfig = {
  probe: { kind: "tcp" },
  intervalMs: 10_000,
  timeoutMs: 5_000,
  rise: 2,
  fall: 3,
};

const HTTP: HealthCheckConfig = {
  ...TCP,
  probe: { kind: "http", path: "/", host: "a.b", statuses: [{ from: 200, to: 399 }] },
};

const http = (fields: object): HealthCheckConfig => ({
  ...HTTP,
  probe: { ...HTTP.probe, ...fields } as HealthCheckConfig["probe"],
});

const PASS = "mode: passthrough, upstream: h:1";
const OFFLOAD = "mode: offload, upstream: http://h";

const routeWith = (keys: string, top = "") => routeOf(`{ hosts: [a.b], ${keys} }`, top);

/** Keys of a route, of `defaults`, and the check that comes of them. */
const CHECKS: readonly [keys: string, defaults: string, check: HealthCheckConfig | undefined][] = [
  [PASS, "", undefined],
  [OFFLOAD, "", undefined],
  [`${PASS}, health_check: {}`, "", TCP],
  [`${OFFLOAD}, health_check: {}`, "", TCP],
  [`${PASS}, health_check: { type: tcp, rise: 1, fall: 1 }`, "", { ...TCP, rise: 1, fall: 1 }],
  [`${PASS}, health_check: { interval: 1m, timeout: 1s }`, "", {
    ...TCP,
    intervalMs: 60_000,
    timeoutMs: 1_000,
  }],
  [`${OFFLOAD}, health_check: { type: http }`, "", HTTP],
  [`${OFFLOAD}, health_check: { path: /x?y }`, "", http({ path: "/x?y" })],
  [`${OFFLOAD}, health_check: { host: C.d }`, "", http({ host: "c.d" })],
  [`${OFFLOAD}, health_check: { status: 204 }`, "", http({ statuses: [{ from: 204, to: 204 }] })],
  [
    `${OFFLOAD}, health_check: { status: [2xx, 404] }`,
    "",
    http({ statuses: [{ from: 200, to: 299 }, { from: 404, to: 404 }] }),
  ],
  // Key by key.
  [PASS, "health_check: {}", TCP],
  [`${PASS}, health_check: off`, "health_check: {}", undefined],
  [`${PASS}, health_check: {}`, "health_check: off", TCP],
  [`${PASS}, health_check: { fall: 9 }`, "health_check: { fall: 5, rise: 7 }", {
    ...TCP,
    fall: 9,
    rise: 7,
  }],
  [`${OFFLOAD}, health_check: { rise: 7 }`, "health_check: { path: /p, rise: 1 }", {
    ...http({ path: "/p" }),
    rise: 7,
  }],
  // What is for offload does not disturb the others.
  [PASS, "health_check: { type: http, path: /p, rise: 4 }", { ...TCP, rise: 4 }],
  [`${OFFLOAD}, health_check: { type: tcp }`, "health_check: { path: /p }", TCP],
  ["mode: reject", "health_check: {}", undefined],
  ["mode: redirect, to: https://c.d", "health_check: {}", undefined],
];

for (const [keys, defaults, check] of CHECKS) {
  Deno.test(`resolveHealthCheck: "${keys}" with defaults "${defaults}"`, () => {
    const top = defaults === "" ? "" : `defaults: { ${defaults} }`;
    assert.deepEqual(routeWith(keys, top).healthCheck, check);
  });
}

Deno.test("resolveHealthCheck: the host is the first whole name, or the server's own address", () => {
  const hostOf = (hosts: string) => {
    const route = `{ hosts: ${hosts}, ${OFFLOAD}, tls: { certificate: internal }, ` +
      "health_check: { type: http } }";
    const { probe } = routeOf(route).healthCheck!;
    return probe.kind === "http" ? probe.host : "";
  };
  assert.equal(hostOf("['*.x.y', c.d, a.b]"), "c.d");
  assert.equal(hostOf("['*.x.y']"), undefined);
  assert.equal(hostOf("['*']"), undefined);
});

const BALANCES: readonly [keys: string, defaults: string, balance: string][] = [
  [PASS, "", "round_robin"],
  [PASS, "load_balance: random", "random"],
  [`${PASS}, load_balance: ip_hash`, "load_balance: random", "ip_hash"],
  [`${OFFLOAD}, load_balance: least_conn`, "", "least_conn"],
];

for (const [keys, defaults, balance] of BALANCES) {
  Deno.test(`load_balance: "${keys}" with defaults "${defaults}" is ${balance}`, () => {
    const top = defaults === "" ? "" : `defaults: { ${defaults} }`;
    assert.equal(routeWith(keys, top).loadBalance, balance);
  });
}

const STICKY: readonly [keys: string, defaults: string, cookie: string | undefined][] = [
  [OFFLOAD, "", undefined],
  [`${OFFLOAD}, sticky: { cookie: x }`, "", "x"],
  [OFFLOAD, "sticky: { cookie: y }", "y"],
  [`${OFFLOAD}, sticky: off`, "sticky: { cookie: y }", undefined],
  [`${OFFLOAD}, sticky: { cookie: x }`, "sticky: off", "x"],
  [PASS, "sticky: { cookie: y }", undefined],
];

for (const [keys, defaults, cookie] of STICKY) {
  Deno.test(`resolveSticky: "${keys}" with defaults "${defaults}" is ${cookie}`, () => {
    const top = defaults === "" ? "" : `defaults: { ${defaults} }`;
    assert.equal(routeWith(keys, top).sticky?.cookie, cookie);
  });
}

/** What a route is told. */
const REFUSED: readonly [keys: string, told: readonly string[]][] = [
  ["mode: passthrough, upstreams: [{ url: h:1, backup: true }, { url: i:1, backup: true }]", [
    'Cannot use true as "upstreams.backup": every server of this route is a backup',
  ]],
  ["mode: passthrough, upstreams: [{ url: h:1, backup: true }, i:1]", []],
  ["mode: offload, load_balance: first, upstreams: [{ url: http://h, weight: 1 }, http://i]", [
    'Cannot use 1 as "upstreams.weight": "load_balance: first" has no use for it',
  ]],
  [`${PASS}, health_check: { host: c.d }`, [
    'Cannot use "c.d" as "health_check.host": mode "passthrough" has no use for it',
  ]],
  [`${OFFLOAD}, health_check: { type: tcp, status: 200 }`, [
    'Cannot use 200 as "health_check.status": "type: tcp" has no use for it',
  ]],
  [`${OFFLOAD}, health_check: { interval: 99ms }`, [
    'Cannot use "99ms" as "health_check.interval": it is shorter than 100ms',
  ]],
  [`${OFFLOAD}, health_check: { interval: 100ms }`, []],
];

for (const [keys, told] of REFUSED) {
  Deno.test(`checkBalance, resolveHealthCheck: of "${keys}" a user is told ${told.length}`, () => {
    assert.deepEqual(messagesOf(`{ hosts: [a.b], ${keys} }`), told);
  });
}

Deno.test("checkBalance: a weight is refused where only the defaults say first", () => {
  const route = "{ hosts: [a.b], mode: passthrough, upstreams: [{ url: h:1, weight: 2 }, i:1] }";
  assert.deepEqual(messagesOf(route, "defaults: { load_balance: first }"), [
    'Cannot use 2 as "upstreams.weight": "load_balance: first" has no use for it',
  ]);
});

Deno.test("resolveServers: weights and backups, also of plain HTTP, which goes by the health of 443", () => {
  const { routes: [route] } = configOf(`version: 1
routes:
  - hosts: [a.b]
    mode: passthrough
    upstreams:
      - { url: h:443, weight: 3 }
      - { url: i:443, backup: true }
      - { url: i:8443 }
`);
  const shown = route.servers.map(({ weight, isBackup }) => [weight, isBackup]);
  assert.deepEqual(shown, [[3, false], [1, true], [1, false]]);
  assert.equal(route.plainHttp.kind, "forward");
  const plain = route.plainHttp.kind === "forward" ? route.plainHttp.servers : [];
  assert.deepEqual(
    plain.map(({ weight, isBackup, checkedAs }) => [weight, isBackup, checkedAs]),
    // Of the two servers of one host nobody knows which one stands for port 80.
    [[3, false, route.servers[0]], [1, false, undefined]],
  );
});
