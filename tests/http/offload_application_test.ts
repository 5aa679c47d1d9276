import assert from "node:assert/strict";
import { Counters } from "../../lib/base/counters.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { createOffloadApplication } from "../../lib/http/offload_application.ts";
import { RouteTable } from "../../lib/route/route_table.ts";
import { makeAnswer, makeExchange, makeProxy } from "../support/exchanges.ts";
import { makeRoute, makeServer } from "../support/route_configs.ts";

const TABLE = new RouteTable([
  makeRoute("offload", ["app.example.org"], { servers: [makeServer(8001)] }),
  makeRoute("offload", ["other.example.org"], { servers: [makeServer(8002)] }),
  makeRoute("offload", ["elsewhere.example.net"], { servers: [makeServer(8003)] }),
  makeRoute("passthrough", ["pass.example.org"]),
  makeRoute("redirect", ["old.example.org"], {
    redirect: { to: new URL("https://new.example.org"), status: 308 },
  }),
]);

/** What the certificate of the connection covers; a passthrough host is covered and yet not served. */
const COVERED = ["app.example.org", "other.example.org", "pass.example.org", "old.example.org"];

async function ask(hostname: string | undefined, fields: Partial<Exchange> = {}) {
  const counters = new Counters();
  const { environment } = makeProxy((server) => {
    const port = server.address.kind === "tcp" ? server.address.port : 0;
    return Promise.resolve(makeAnswer(200, [], new TextEncoder().encode(`from ${port}`)));
  });
  const application = createOffloadApplication({
    counters,
    proxy: environment,
    serves: (name) => {
      const match = TABLE.match(name);
      const isServed = name !== undefined && COVERED.includes(name) &&
        match?.route.certificate !== undefined;
      return isServed ? match : undefined;
    },
  });
  const exchange = makeExchange({ hostname, authority: hostname ?? "192.0.2.7", ...fields });
  const request = {
    method: exchange.method,
    url: `https://${exchange.authority}${exchange.target}`,
    headers: new Headers(exchange.headers.map(([name, value]): [string, string] => [name, value])),
  } as Request;
  const response = await application.fetch(request, { exchange });
  return { response, text: await response.text(), counters };
}

Deno.test("createOffloadApplication: each host is served by its own route", async () => {
  assert.equal((await ask("app.example.org")).text, "from 8001");
  assert.equal((await ask("other.example.org")).text, "from 8002");
});

for (
  const [why, hostname] of Object.entries({
    "the certificate does not cover the host": "elsewhere.example.net",
    "the host is a passthrough one": "pass.example.org",
    "nobody knows the host": "unknown.example.org",
    "the host is an IP literal": undefined,
  })
) {
  Deno.test(`createOffloadApplication: RFC 9110 §15.5.20, 421 when ${why}`, async () => {
    const { response, text, counters } = await ask(hostname);
    assert.equal(response.status, 421);
    assert.ok(text.length < 100);
    assert.equal(counters.get("request_misdirected"), 1);
  });
}

Deno.test("createOffloadApplication: a redirect route redirects", async () => {
  const { response } = await ask("old.example.org", { target: "/a?b" });
  assert.equal(response.status, 308);
  assert.equal(response.headers.get("location"), "https://new.example.org/a?b");
});

Deno.test("createOffloadApplication: any method and any path reach the upstream", async () => {
  for (const method of ["GET", "POST", "OPTIONS", "PROPFIND", "gEt"]) {
    for (const target of ["/", "/*", "//", "/%", "/%2e%2e/%zz", "/a?b#c", "/.well-known/x"]) {
      assert.equal((await ask("app.example.org", { method, target })).text, "from 8001", target);
    }
  }
});

Deno.test("createOffloadApplication: gRPC is refused in its own words", async () => {
  for (const type of ["application/grpc", "application/grpc+proto", "Application/gRPC;x=y"]) {
    const headers = [["Content-Type", type]] as const;
    const { response, text } = await ask("app.example.org", { method: "POST", headers });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/grpc");
    assert.equal(response.headers.get("grpc-status"), "12");
    assert.match(response.headers.get("grpc-message")!, /passthrough/);
    assert.equal(text, "");
  }
});

Deno.test("createOffloadApplication: gRPC-Web is no gRPC, and 421 comes first", async () => {
  const web = [["Content-Type", "application/grpc-web+proto"]] as const;
  assert.equal((await ask("app.example.org", { headers: web })).text, "from 8001");
  const grpc = [["Content-Type", "application/grpc"]] as const;
  assert.equal((await ask("pass.example.org", { headers: grpc })).response.status, 421);
});

Deno.test("createOffloadApplication: HEAD has no body", async () => {
  const { response, text } = await ask("app.example.org", { method: "HEAD" });
  assert.equal(`${response.status}${text}`, "200");
});

Deno.test("createOffloadApplication: a defect reaches the server that reports it", async () => {
  const application = createOffloadApplication({
    counters: new Counters(),
    proxy: makeProxy(() => Promise.reject(new Error("unused"))).environment,
    serves: () => {
      throw new Error("table is broken");
    },
  });
  const request = { method: "GET", url: "https://a/", headers: new Headers() } as Request;
  const fetching = async () => await application.fetch(request, { exchange: makeExchange() });
  await assert.rejects(fetching(), /table is broken/);
});
