import assert from "node:assert/strict";
import { balancedProxy } from "../../lib/http/balanced_proxy.ts";
import { createRouteApplication } from "../../lib/http/route_application.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import type { UpstreamRequest } from "../../lib/http/message.ts";
import type { RouteConfig } from "../../lib/config/config.ts";
import { Balancer } from "../../lib/upstream/balancer.ts";
import { makePath } from "./policy/path_configs.ts";
import {
  headerOf,
  makeAnswer,
  makeBody,
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

Deno.test("createRouteApplication: a client keeps its server in each upstream of a sticky route", async () => {
  const servers = [8001, 8002].map((port) => makeServer(port));
  const route = makeRoute("offload", ["app.example.org"], {
    servers,
    sticky: { cookie: "server" },
    paths: [
      makePath("/api/*", { servers: [8003, 8004].map((port) => makeServer(port)) }),
      makePath("/one/*", { servers: [makeServer(8005)] }),
      makePath("/same/*", { servers }),
    ],
  });
  const { environment } = makeProxy((server) => {
    const port = server.address.kind === "tcp" ? server.address.port : 0;
    return Promise.resolve(makeAnswer(200, [], new TextEncoder().encode(`${port}`)));
  });
  const balancer = new Balancer(() => 0);
  const application = createRouteApplication(
    route,
    makeRouteEnvironment({
      ...environment,
      ...balancedProxy(balancer, environment.send),
      stickyKeyOf: (server) => balancer.stickyKeyOf(server),
    }),
  );
  const jar = new Map<string, string>();
  const ask = async (target: string) => {
    const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await application.answer(
      makeExchange({ target, headers: [["Cookie", cookies]] }),
    );
    const set = /^([^=]+)=([^;]+)/.exec(headerOf(answer, "set-cookie") ?? "");
    if (set !== null) jar.set(set[1], set[2]);
    return await readText(answer);
  };
  const first = [await ask("/"), await ask("/api/x"), await ask("/one/x")];
  for (let time = 0; time < 5; time++) {
    assert.deepEqual([await ask("/"), await ask("/api/x"), await ask("/one/x")], first);
    assert.equal(await ask("/same/x"), first[0], "the servers of the route, and so its cookie");
  }
  assert.equal(jar.size, 2, "and none where there is nothing to choose from");
});

Deno.test("createRouteApplication: what its paths cannot agree on meets the route's policies", async () => {
  const route = makeRoute("offload", ["app.example.org"], {
    servers: [makeServer(8001)],
    paths: [makePath("/admin/*", { servers: [makeServer(8002)] })],
    policies: {
      responseHeaders: { remove: [], set: [{ name: "X-Own", value: ["1"] }], add: [] },
      rateLimit: { scope: "x", requests: 1, perMs: 60_000, burst: 1 },
    },
  });
  const { environment } = makeProxy(() => Promise.resolve(makeAnswer(200)));
  const application = createRouteApplication(route, makeRouteEnvironment(environment));
  const exchange = makeExchange({ target: "/x/../admin" });
  const refused = await application.answer(exchange);
  assert.deepEqual([refused.status, headerOf(refused, "x-own")], [400, "1"]);
  assert.equal(refused.refusal?.counter, "request_refused");
  assert.equal((await application.answer(exchange)).status, 429);
});

Deno.test("createRouteApplication: a header that is removed or set does not come as a trailer", async () => {
  const asked: UpstreamRequest[] = [];
  const { environment } = makeProxy((_server, request) => {
    asked.push(request);
    return Promise.resolve(makeAnswer(200));
  });
  const own = { name: "X-Role", value: ["guest"] };
  const requestHeaders = { remove: ["X-Debug"], set: [own], add: [] };
  const route = { ...OFFLOAD, policies: { requestHeaders } };
  const trailers = [["x_debug", "1"], ["x-role", "admin"], ["X-Sum", "1"]] as const;
  const body = { ...makeBody("a"), length: undefined, trailers };
  await createRouteApplication(route, makeRouteEnvironment(environment)).answer(
    makeExchange({ method: "POST", body, headers: [["X-Debug", "1"]] }),
  );
  assert.deepEqual(asked[0].body!.trailers, [["X-Sum", "1"]]);
  assert.ok(asked[0].headers.every(([name]) => name !== "X-Debug"));
});
