import assert from "node:assert/strict";
import { createRouteApplication } from "../../lib/http/route_application.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import type { RouteConfig } from "../../lib/config/config.ts";
import {
  headerOf,
  makeAnswer,
  makeExchange,
  makeProxy,
  makeRouteEnvironment,
  readText,
} from "../support/exchanges.ts";
import { makeRoute, makeServer } from "../support/route_configs.ts";

async function ask(route: RouteConfig, fields: Partial<Exchange> = {}) {
  const { environment } = makeProxy((server) => {
    const port = server.address.kind === "tcp" ? server.address.port : 0;
    return Promise.resolve(makeAnswer(200, [], new TextEncoder().encode(`from ${port}`)));
  });
  return await createRouteApplication(route, makeRouteEnvironment(environment)).answer(
    makeExchange(fields),
  );
}

const OFFLOAD = makeRoute("offload", ["app.example.org"], { servers: [makeServer(8001)] });

Deno.test("createRouteApplication: any method and any path reach the upstream", async () => {
  for (const method of ["GET", "POST", "OPTIONS", "PROPFIND", "gEt", "HEAD"]) {
    for (const target of ["*", "/", "/*", "//", "/%", "/%2e%2e/%zz", "/a?b#c", "/.well-known/x"]) {
      assert.equal(await readText(await ask(OFFLOAD, { method, target })), "from 8001", target);
    }
  }
});

Deno.test("createRouteApplication: a redirect route redirects", async () => {
  const redirect = { to: new URL("https://new.example.org"), status: 308 } as const;
  const answer = await ask(makeRoute("redirect", ["old.example.org"], { redirect }), {
    target: "/a?b",
  });
  assert.equal(answer.status, 308);
  assert.equal(headerOf(answer, "location"), "https://new.example.org/a?b");
});

Deno.test("createRouteApplication: gRPC is refused before the upstream", async () => {
  const headers = [["Content-Type", "application/grpc"]] as const;
  assert.equal(headerOf(await ask(OFFLOAD, { method: "POST", headers }), "grpc-status"), "12");
});
