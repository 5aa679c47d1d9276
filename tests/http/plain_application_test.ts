import assert from "node:assert/strict";
import { CidrSet } from "../../lib/base/cidr.ts";
import type { RouteConfig } from "../../lib/config/config.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { createPlainApplication } from "../../lib/http/plain_application.ts";
import { RouteTable } from "../../lib/route/route_table.ts";
import { headerOf, makeAnswer, makeExchange, makeProxy, readText } from "../support/exchanges.ts";
import { makeRoute, makeServer } from "../support/route_configs.ts";

const TOKEN_PATH = "/.well-known/acme-challenge/tok-1_x";

const ROUTES: readonly RouteConfig[] = [
  makeRoute("offload", ["offload.example.org"]),
  makeRoute("offload", ["off.offload.example.org"], { plainHttp: { kind: "off" } }),
  makeRoute("redirect", ["old.example.org"]),
  makeRoute("passthrough", ["pass.example.org"], {
    plainHttp: { kind: "forward", servers: [makeServer(8001)] },
  }),
  makeRoute("passthrough", ["moved.pass.example.org"], {
    plainHttp: { kind: "redirect", status: 301, challengeServers: [makeServer(8002)] },
  }),
  makeRoute("passthrough", ["alone.pass.example.org"], {
    plainHttp: { kind: "redirect", status: 308, challengeServers: [] },
  }),
  makeRoute("passthrough", ["off.pass.example.org"], { plainHttp: { kind: "off" } }),
  makeRoute("reject", ["closed.example.org"]),
];

interface Asked {
  readonly host: string;
  readonly target?: string;
  readonly method?: string;
  readonly fields?: Partial<Exchange>;
}

/** Asks the application; upstreams answer with their port. */
async function ask({ host, target = "/", method = "GET", fields }: Asked, routes = ROUTES) {
  const table = new RouteTable(routes);
  const { environment } = makeProxy((server) => {
    const port = server.address.kind === "tcp" ? server.address.port : 0;
    return Promise.resolve(makeAnswer(200, [], new TextEncoder().encode(`from ${port}`)));
  });
  const application = createPlainApplication({
    proxy: environment,
    trustedProxies: () => new CidrSet([]),
    applicationOf: () => ({ answer: () => makeAnswer(299) }),
    httpsPort: () => 8443,
    match: (hostname) => table.match(hostname),
    answerChallenge: (hostname, token) =>
      hostname.endsWith("example.org") && token === "tok-1_x" ? `${token}.thumbprint` : undefined,
  });
  const exchange = makeExchange({
    method,
    target,
    authority: host,
    hostname: host,
    scheme: "http",
    ...fields,
  });
  const response = await application.answer(exchange);
  return { response, text: await readText(response) };
}

const summary = async (asked: Asked) => {
  const { response, text } = await ask(asked);
  const location = headerOf(response, "location");
  return location === undefined
    ? `${response.status} ${text.trim()}`
    : `${response.status} ${location}`;
};

const NO_HOST = "404 No such host";
const NO_CHALLENGE = "404 No such challenge";
const CASES: readonly [host: string, target: string, expected: string][] = [
  // (1) Passthrough hosts: everything is forwarded, challenges included.
  ["pass.example.org", "/a?b", "200 from 8001"],
  ["pass.example.org", TOKEN_PATH, "200 from 8001"],
  ["pass.example.org", "/.well-known/acme-challenge/other", "200 from 8001"],
  ["moved.pass.example.org", "/a?b", "301 https://moved.pass.example.org:8443/a?b"],
  ["moved.pass.example.org", TOKEN_PATH, "200 from 8002"],
  ["moved.pass.example.org", "/.well-known/acme-challenge", "200 from 8002"],
  ["alone.pass.example.org", TOKEN_PATH, NO_HOST],
  ["alone.pass.example.org", "/", "308 https://alone.pass.example.org:8443/"],
  ["off.pass.example.org", "/", NO_HOST],
  ["off.pass.example.org", TOKEN_PATH, NO_HOST],
  // (2) Offload hosts: the token shown now, no other challenge, the rest redirects.
  ["offload.example.org", TOKEN_PATH, "200 tok-1_x.thumbprint"],
  ["offload.example.org", `${TOKEN_PATH}?x=1`, "200 tok-1_x.thumbprint"],
  ["offload.example.org", "/.well-known/acme-challenge/other", NO_CHALLENGE],
  ["offload.example.org", "/.well-known/acme-challenge/", NO_CHALLENGE],
  ["offload.example.org", "/.well-known/acme-challenge", NO_CHALLENGE],
  ["offload.example.org", `${TOKEN_PATH}/`, NO_CHALLENGE],
  ["offload.example.org", `${TOKEN_PATH}/more`, NO_CHALLENGE],
  ["offload.example.org", "/.well-known/acme-challenge/%zz", NO_CHALLENGE],
  [
    "offload.example.org",
    "/.well-known/other",
    "308 https://offload.example.org:8443/.well-known/other",
  ],
  ["offload.example.org", "/a%2Fb?c=d", "308 https://offload.example.org:8443/a%2Fb?c=d"],
  ["off.offload.example.org", "/", NO_HOST],
  ["off.offload.example.org", TOKEN_PATH, "200 tok-1_x.thumbprint"],
  ["old.example.org", "/a", "308 https://old.example.org:8443/a"],
  ["old.example.org", TOKEN_PATH, "200 tok-1_x.thumbprint"],
  ["closed.example.org", "/", NO_HOST],
  ["closed.example.org", TOKEN_PATH, NO_HOST],
  // (3) Unknown hosts.
  ["unknown.example.net", "/", NO_HOST],
  ["unknown.example.net", TOKEN_PATH, NO_HOST],
];
for (const [host, target, expected] of CASES) {
  Deno.test(`createPlainApplication: ${host} ${target} is ${expected}`, async () => {
    assert.equal(await summary({ host, target }), expected);
  });
}

Deno.test("createPlainApplication: what a trusted proxy has decrypted is served, but where port 80 is off", async () => {
  const fields = { scheme: "https" } as const;
  const statusOf = async (host: string) => (await ask({ host, fields })).response.status;
  assert.equal(await statusOf("offload.example.org"), 299);
  assert.equal(await statusOf("off.offload.example.org"), 404);
  assert.equal(await statusOf("moved.pass.example.org"), 301);
});

Deno.test("createPlainApplication: a challenge is shown to GET and HEAD only", async () => {
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"]) {
    const asked = { host: "offload.example.org", target: TOKEN_PATH, method };
    assert.equal(await summary(asked), NO_CHALLENGE, method);
  }
  const head = { host: "offload.example.org", target: TOKEN_PATH, method: "HEAD" };
  assert.equal(await summary(head), "200 tok-1_x.thumbprint", "the server leaves the body out");
});

Deno.test("createPlainApplication: RFC 8555 §8.3, the answer is the key authorization and no more", async () => {
  const { response, text } = await ask({ host: "offload.example.org", target: TOKEN_PATH });
  assert.equal(text, "tok-1_x.thumbprint");
  assert.equal(headerOf(response, "content-type"), "application/octet-stream");
});

Deno.test("createPlainApplication: any method is forwarded or redirected", async () => {
  for (const method of ["GET", "POST", "OPTIONS", "PROPFIND", "gEt"]) {
    assert.equal(await summary({ host: "pass.example.org", method }), "200 from 8001", method);
    const { response } = await ask({ host: "offload.example.org", method });
    assert.equal(response.status, 308, method);
  }
});

Deno.test("createPlainApplication: the catch-all takes hosts without a name", async () => {
  const any = [makeRoute("offload", ["*"])];
  const fields = { authority: "192.0.2.7:80", hostname: undefined };
  const { response } = await ask({ host: "192.0.2.7", fields }, any);
  assert.equal(headerOf(response, "location"), "https://192.0.2.7:8443/");
  const challenge = await ask({ host: "192.0.2.7", target: TOKEN_PATH, fields }, any);
  assert.equal(challenge.response.status, 404);
});

Deno.test("createPlainApplication: no forwarding loop", async () => {
  const fields = { headers: [["Via", "1.1 postern-test"]] as const };
  const { response } = await ask({ host: "pass.example.org", fields });
  assert.equal(response.status, 508);
});

Deno.test("createPlainApplication: a defect reaches the server that reports it", async () => {
  const application = createPlainApplication({
    proxy: makeProxy(() => Promise.reject(new Error("unused"))).environment,
    trustedProxies: () => new CidrSet([]),
    applicationOf: () => ({ answer: () => makeAnswer(299) }),
    httpsPort: () => 443,
    match: () => {
      throw new Error("table is broken");
    },
    answerChallenge: () => undefined,
  });
  const asking = async () => await application.answer(makeExchange());
  await assert.rejects(asking(), /table is broken/);
});
