import assert from "node:assert/strict";
import { needsClientSource } from "../../lib/relay/needs_client_source.ts";
import { PortableEngine } from "../../lib/relay/portable/portable_engine.ts";
import type { RelayEnvironment } from "../../lib/relay/relay_engine.ts";
import { makeRoute } from "../support/route_configs.ts";
import { makePlan } from "./suite/fixture.ts";

const PROXY = makeRoute("passthrough", ["proxy.example"]);

for (const source of ["client", "client_or_proxy"] as const) {
  const routes = [PROXY, makeRoute("passthrough", ["client.example"], { source })];

  Deno.test(`needsClientSource: one route with ${source} is enough`, () => {
    assert.equal(needsClientSource(routes), true);
  });

  Deno.test(`PortableEngine.check: refuses ${source} in words`, () => {
    const environment = { clock: { monotonic: () => 0 } } as unknown as RelayEnvironment;
    const engine = new PortableEngine(makePlan([]), environment);
    assert.throws(() => engine.check(routes), /"source: client": the portable engine cannot/);
    engine.check([PROXY]);
  });
}

Deno.test("needsClientSource: routes from Postern's own address do not", () => {
  assert.equal(needsClientSource([PROXY]), false);
  assert.equal(needsClientSource([]), false);
});
