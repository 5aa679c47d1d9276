import assert from "node:assert/strict";
import { CidrSet } from "../../lib/base/cidr.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { createOffloadApplication } from "../../lib/http/offload_application.ts";
import { createRouteApplication } from "../../lib/http/route_application.ts";
import { RouteTable } from "../../lib/route/route_table.ts";
import {
  headerOf,
  makeAnswer,
  makeExchange,
  makeProxy,
  makeRouteEnvironment,
  readText,
} from "../support/exchanges.ts";
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
  const { environment } = makeProxy((server) => {
    const port = server.address.kind === "tcp" ? server.address.port : 0;
    return Promise.resolve(makeAnswer(200, [], new TextEncoder().encode(`from ${port}`)));
  });
  const application = createOffloadApplication({
    trustedProxies: () => new CidrSet([]),
    applicationOf: ({ route }) => createRouteApplication(route, makeRouteEnvironment(environment)),
    serves: (name) => {
      const match = TABLE.match(name);
      const isServed = name !== undefined && COVERED.includes(name) &&
        match?.route.certificate !== undefined;
      return isServed ? match : undefined;
    },
  });
  const exchange = makeExchange({ hostname, authority: hostname ?? "192.0.2.7", ...fields });
  const response = await application.answer(exchange);
  return { response, text: await readText(response) };
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
    const { response, text } = await ask(hostname);
    assert.equal(response.status, 421);
    assert.ok(text.length < 100);
    assert.equal(response.refusal?.counter, "request_misdirected");
  });
}

Deno.test("createOffloadApplication: a redirect route redirects", async () => {
  const { response } = await ask("old.example.org", { target: "/a?b" });
  assert.equal(response.status, 308);
  assert.equal(headerOf(response, "location"), "https://new.example.org/a?b");
});

Deno.test("createOffloadApplication: a defect reaches the server that reports it", async () => {
  const application = createOffloadApplication({
    trustedProxies: () => new CidrSet([]),
    applicationOf: () => ({ answer: () => makeAnswer(200) }),
    serves: () => {
      throw new Error("table is broken");
    },
  });
  const asking = async () => await application.answer(makeExchange());
  await assert.rejects(asking(), /table is broken/);
});
