import { deepStrictEqual, notDeepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { parseConfig } from "../../lib/config/parse_config.ts";
import type { RouteConfig } from "../../lib/config/config.ts";
import { SAMPLE_CERTIFICATE_NAME } from "../../lib/sample/sample_certificate.ts";
import { Samples } from "../../lib/sample/samples.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { makeConfig, passTo } from "../support/routes.ts";

function routesTo(upstream: string, ...hosts: string[]): readonly RouteConfig[] {
  const routes = hosts.map((host) => passTo(host, upstream));
  const parsed = parseConfig(makeConfig(routes), { path: "/routes.yaml" });
  if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed.problems));
  return parsed.config.routes;
}

function namesIn(store: MemoryStore): string | undefined {
  return new X509Certificate(store.text(SAMPLE_CERTIFICATE_NAME)!).subjectAltName;
}

function addressOf([route]: readonly RouteConfig[]) {
  const { address } = route.servers[0];
  if (address.kind !== "tcp") throw new Error(`no TCP address: ${address.kind}`);
  return address;
}

/** Runs with samples; the test finds what they leave open after their close. */
async function withSamples(
  run: (samples: Samples, store: MemoryStore) => Promise<void>,
): Promise<void> {
  const store = new MemoryStore();
  const samples = new Samples(store);
  try {
    await run(samples, store);
  } finally {
    await samples.close();
  }
}

Deno.test("Samples: open nothing and write nothing for routes without samples", () =>
  withSamples(async (samples, store) => {
    const routes = routesTo("10.0.0.1:443", "a.example");
    strictEqual(await samples.fillIn(routes), routes);
    strictEqual(store.writes, 0);
  }));

Deno.test("Samples: are the same servers for the same hosts, and for fewer", () =>
  withSamples(async (samples, store) => {
    const first = await samples.fillIn(routesTo("sample", "a.example", "b.example"));
    const fewer = await samples.fillIn(routesTo("sample", "b.example"));
    deepStrictEqual(addressOf(fewer), addressOf(first));
    strictEqual(store.writes, 1);
  }));

Deno.test("Samples: get a certificate for further hosts, while the old servers stay open", () =>
  withSamples(async (samples, store) => {
    const before = addressOf(await samples.fillIn(routesTo("sample", "a.example")));
    const after = addressOf(await samples.fillIn(routesTo("sample", "b.example")));
    notDeepStrictEqual(after, before);
    strictEqual(namesIn(store), "DNS:sample.localhost, DNS:a.example, DNS:b.example");
    for (const { hostname, port } of [before, after]) {
      (await Deno.connect({ hostname, port })).close();
    }
  }));

Deno.test("Samples: after a failure the next call tries again", () =>
  withSamples(async (samples, store) => {
    store.failsToWrite = () => true;
    await rejects(samples.fillIn(routesTo("sample", "a.example")));
    store.failsToWrite = () => false;
    strictEqual(
      addressOf(await samples.fillIn(routesTo("sample", "a.example"))).hostname,
      "127.0.0.1",
    );
  }));
