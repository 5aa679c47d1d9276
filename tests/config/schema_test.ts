import assert from "node:assert/strict";
import { DefaultsSchema, FileSchema, RouteSchema } from "../../lib/config/schema.ts";

const ROUTE = { hosts: ["a.b"], mode: "passthrough", upstream: "10.0.0.1:443" };

/** A value for each key of a route, and what it means. */
const VALUES: readonly [key: string, input: unknown, output: unknown][] = [
  ["mode", "terminate", "offload"],
  ["mode", "redirect", "redirect"],
  ["hosts", ["A.b."], [{ kind: "exact", name: "a.b" }]],
  ["upstream", "x", [{ url: "x", inMapping: false }]],
  ["upstream", ["x", { url: "y" }], [{ url: "x", inMapping: false }, {
    url: "y",
    inMapping: true,
  }]],
  ["upstreams", { url: "y", proxy_protocol: "v1" }, [
    { url: "y", proxy_protocol: "v1", inMapping: true },
  ]],
  ["upstream", { url: "y", weight: 256, backup: true }, [
    { url: "y", weight: 256, backup: true, inMapping: true },
  ]],
  ["load_balance", "ip_hash", "ip_hash"],
  ["health_check", "off", "off"],
  ["health_check", {}, {}],
  ["health_check", { status: 204, interval: "1s" }, { status: [204], interval: 1_000 }],
  ["health_check", { status: ["2xx", 404], rise: 1 }, { status: ["2xx", 404], rise: 1 }],
  ["sticky", { cookie: "server" }, { cookie: "server" }],
  ["sticky", "off", "off"],
  ["proxy_protocol", "v2", "v2"],
  ["status", 302, 302],
  ["http", "forward", { kind: "forward" }],
  ["http", "redirect", { kind: "redirect", status: 308 }],
  ["http", { redirect: 307 }, { kind: "redirect", status: 307 }],
  ["http", "off", { kind: "off" }],
  ["tls", { certificate: "internal" }, { certificate: { kind: "internal" } }],
  ["tls", { certificate: { cert: "c", key: "k" } }, {
    certificate: { kind: "file", cert: "c", key: "k" },
  }],
  ["tls", {}, {}],
  ["upstream_tls", { insecure_skip_verify: false }, { insecure_skip_verify: false }],
  ["upstream_tls", { client_cert: { cert: "c", key: "k" } }, {
    client_cert: { cert: "c", key: "k" },
  }],
  ["timeouts", { idle: "1h" }, { idle: 3_600_000 }],
];

for (const [key, input, output] of VALUES) {
  Deno.test(`RouteSchema reads ${key}: ${JSON.stringify(input)}`, () => {
    const route = RouteSchema.parse({ ...ROUTE, [key]: input });
    assert.deepEqual(route[key as keyof typeof route], output);
  });
}

const REFUSED: readonly [key: string, input: unknown][] = [
  ["hosts", []],
  ["hosts", "a.b"],
  ["mode", "Passthrough"],
  ["upstream", []],
  ["upstream", 443],
  ["upstream", { url: "x", weight: 0 }],
  ["upstream", { url: "x", backup: 1 }],
  ["proxy_protocol", true],
  ["status", 303],
  ["status", "301"],
  ["http", { redirect: 303 }],
  ["http", {}],
  ["tls", { certificate: { cert: "c" } }],
  ["upstream_tls", { client_cert: "x" }],
  ["upstream_tls", { client_cert: { cert: "c" } }],
  ["upstream_tls", { client_cert: { cert: "c", key: "k", password: "p" } }],
  ["timeouts", { hello: "5s" }],
  ["timeouts", { idle: 5 }],
  ["load_balance", "least"],
  ["health_check", { status: "1xx" }],
  ["sticky", { cookie: "a b" }],
];

for (const [key, input] of REFUSED) {
  Deno.test(`RouteSchema refuses ${key}: ${JSON.stringify(input)}`, () => {
    assert(!RouteSchema.safeParse({ ...ROUTE, [key]: input }).success);
  });
}

Deno.test("DefaultsSchema holds every key of a route but the ones that make it this route", () => {
  const own = ["hosts", "mode", "upstream", "upstreams", "paths"];
  const shared = Object.keys(RouteSchema.shape).filter((key) => !own.includes(key));
  assert.deepEqual(Object.keys(DefaultsSchema.shape).sort(), shared.sort());
});

Deno.test("DefaultsSchema holds the limit that acts before a route is known", () => {
  assert.deepEqual(DefaultsSchema.parse({ timeouts: { hello: "1s" } }), {
    timeouts: { hello: 1_000 },
  });
});

Deno.test("FileSchema needs a version and a route, and nothing else", () => {
  assert(FileSchema.safeParse({ version: 1, routes: [ROUTE] }).success);
  for (const file of [{ version: 1 }, { routes: [ROUTE] }, { version: 1, routes: [] }]) {
    assert(!FileSchema.safeParse(file).success);
  }
});

Deno.test("FileSchema takes a lone address for a list, and an empty list for port 80 only", () => {
  const read = (listen: unknown) => FileSchema.safeParse({ version: 1, routes: [ROUTE], listen });
  assert.deepEqual(read({ https: ":1" }).data?.listen, {
    https: [{ kind: "tcp", hostname: "::", port: 1 }],
  });
  assert.deepEqual(read({ http: [] }).data?.listen, { http: [] });
  assert(!read({ https: [] }).success);
});
