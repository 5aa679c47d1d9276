import assert from "node:assert/strict";
import type { RouteMode } from "../../lib/config/config.ts";
import { decide, type Decision } from "../../lib/route/decision.ts";
import { RouteTable } from "../../lib/route/route_table.ts";
import { makeRoute } from "../support/route_configs.ts";

const EXPECTED: Record<RouteMode, Decision["kind"]> = {
  passthrough: "relay",
  offload: "terminate",
  redirect: "terminate",
  reject: "refuse",
};

for (const [mode, kind] of Object.entries(EXPECTED)) {
  Deno.test(`decide: ${mode} means ${kind}`, () => {
    const route = makeRoute(mode as RouteMode, ["app.example.org"]);
    const decision = decide(new RouteTable([route]), "App.example.org.");
    assert.equal(decision.kind, kind);
    if (decision.kind === "relay") assert.equal(decision.route, route);
    if (decision.kind === "terminate") {
      assert.deepEqual(decision.match, { route, pattern: route.hosts[0] });
    }
    if (decision.kind === "refuse") assert.equal(decision.counter, "server_name_rejected");
  });
}

Deno.test("decide: unknown names, and none, are refused as unknown", () => {
  const table = new RouteTable([makeRoute("passthrough", ["app.example.org"])]);
  for (const name of ["other.example.org", "192.0.2.1", "", undefined]) {
    assert.deepEqual(decide(table, name), { kind: "refuse", counter: "server_name_unknown" });
  }
});

Deno.test("decide: the catch-all takes unknown names and none, but not those of other routes", () => {
  const any = makeRoute("passthrough", ["*"]);
  const table = new RouteTable([any, makeRoute("reject", ["closed.example.org"])]);
  for (const name of ["other.example.org", "192.0.2.1", "", undefined]) {
    assert.deepEqual(decide(table, name), { kind: "relay", route: any });
  }
  assert.equal(decide(table, "closed.example.org").kind, "refuse");
});
