import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { parseConfig } from "../../lib/config/parse_config.ts";
import type { RouteConfig } from "../../lib/config/config.ts";
import { sampleNames, wantsSamples, withSamples } from "../../lib/sample/with_samples.ts";

const SAMPLES = {
  http: { kind: "tcp", hostname: "127.0.0.1", port: 1 },
  tls: { kind: "tcp", hostname: "127.0.0.1", port: 2 },
} as const;

/** Routes by their host, each line a mapping without braces. */
function routesOf(...lines: string[]): readonly RouteConfig[] {
  const text = ["version: 1", "routes:", ...lines.map((line) => `  - { ${line} }`)].join("\n");
  const parsed = parseConfig(text, { path: "/routes.yaml" });
  if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed.problems));
  return parsed.config.routes;
}

const PASS = "hosts: [a.example, '*.a.example'], mode: passthrough, upstream: sample";
const OFFLOAD = "hosts: [b.example], mode: offload, upstream: [sample, 'http://10.0.0.1']";
const OTHER = "hosts: ['*'], mode: passthrough, upstream: '10.0.0.1:443'";

Deno.test("wantsSamples: looks at every server of every route", () => {
  strictEqual(wantsSamples(routesOf(OTHER)), false);
  strictEqual(wantsSamples(routesOf(OTHER, OFFLOAD)), true);
  strictEqual(wantsSamples(routesOf(PASS)), true);
});

Deno.test("sampleNames: are those of routes with a sample, without the catch-all", () => {
  deepStrictEqual(sampleNames(routesOf(PASS, OTHER.replace("'*'", "c.example"))), [
    "sample.localhost",
    "a.example",
    "*.a.example",
  ]);
  deepStrictEqual(sampleNames(routesOf("hosts: ['*'], mode: passthrough, upstream: sample")), [
    "sample.localhost",
  ]);
});

Deno.test("withSamples: gives passthrough the TLS sample and offload the HTTP one", () => {
  const [pass, offload] = withSamples(routesOf(PASS, OFFLOAD), SAMPLES);
  deepStrictEqual(pass.servers.map(({ address }) => address), [SAMPLES.tls]);
  deepStrictEqual(offload.servers.map(({ address }) => address), [
    SAMPLES.http,
    { kind: "tcp", hostname: "10.0.0.1", port: 80 },
  ]);
});

Deno.test("withSamples: paths have samples, too, or their route's very list", () => {
  const routes = routesOf(
    "hosts: [b.example], mode: offload, upstream: 'http://10.0.0.1', " +
      "paths: [{ path: /x, upstream: sample }, { path: /y }]",
  );
  strictEqual(wantsSamples(routes), true);
  deepStrictEqual(sampleNames(routes), ["sample.localhost", "b.example"]);
  const [{ servers, paths }] = withSamples(routes, SAMPLES);
  deepStrictEqual(paths[0].servers.map(({ address }) => address), [SAMPLES.http]);
  strictEqual(paths[1].servers, servers);
});

Deno.test("withSamples: port 80 of a passthrough host goes to the HTTP sample", () => {
  const [forwarded, redirected, closed] = withSamples(
    routesOf(
      PASS,
      `${PASS.replaceAll("a.ex", "c.ex")}, http: redirect`,
      `${PASS.replaceAll("a.ex", "d.ex")}, http: off`,
    ),
    SAMPLES,
  );
  const addresses = ({ plainHttp }: RouteConfig) => {
    if (plainHttp.kind === "off") return [];
    const servers = plainHttp.kind === "forward" ? plainHttp.servers : plainHttp.challengeServers;
    return servers.map(({ address }) => address);
  };
  deepStrictEqual(addresses(forwarded), [SAMPLES.http]);
  deepStrictEqual(addresses(redirected), [SAMPLES.http]);
  deepStrictEqual(closed.plainHttp, { kind: "off" });
});

Deno.test("withSamples: leaves everything else as it is, the input too", () => {
  const routes = routesOf(PASS, OTHER);
  const copy = structuredClone(routes);
  const [, other] = withSamples(routes, SAMPLES);
  deepStrictEqual(other, routes[1]);
  // Prepared servers are found by identity.
  strictEqual(other.servers[0], routes[1].servers[0]);
  deepStrictEqual(routes, copy);
});
