import assert from "node:assert/strict";
import { Counters } from "../../lib/base/counters.ts";
import { formatPasswordHash, hashPassword } from "../../lib/base/password_hash.ts";
import type { PoliciesConfig } from "../../lib/config/config.ts";
import { createApplication } from "../../lib/http/application.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { createPolicies } from "../../lib/http/policy_chain.ts";
import { Page } from "../../lib/http/policy/page.ts";
import {
  headerOf,
  makeAnswer,
  makeExchange,
  makeProxy,
  makeRouteEnvironment,
  readText,
} from "../support/exchanges.ts";
import { makeServer } from "../support/route_configs.ts";

const HASH = await hashPassword(new TextEncoder().encode("open"), { N: 2, r: 1, p: 1 });
assert.match(formatPasswordHash(HASH), /^scrypt\$/);

const BASIC_AUTH: PoliciesConfig["basicAuth"] = {
  realm: "app",
  users: new Map([["ada", HASH]]),
  usersFile: undefined,
  passes: false,
};
const LOGIN = ["Authorization", `Basic ${btoa("ada:open")}`] as const;

/** An application with policies whose handler notes what reaches it. */
function open(policies: PoliciesConfig, verdict = 200) {
  const reached: Exchange[] = [];
  const { environment } = makeProxy(() => Promise.resolve(makeAnswer(verdict)));
  const route = makeRouteEnvironment(environment);
  const files = {
    ...route.files,
    pages: new Map([[
      "/sorry.txt",
      new Page("/sorry.txt", new TextEncoder().encode("sorry {status}")),
    ]]),
  };
  const application = createApplication([{
    path: "*",
    policies: createPolicies(policies, files, { ...route.policies, counters: new Counters() }),
    handler: (exchange) => {
      reached.push(exchange);
      return makeAnswer(
        200,
        [["Content-Type", "text/plain"]],
        new TextEncoder().encode("x".repeat(4_000)),
      );
    },
  }]);
  return {
    reached,
    ask: async (fields: Partial<Exchange> = {}) => await application.answer(makeExchange(fields)),
  };
}

const RESPONSE_HEADERS = { remove: [], set: [{ name: "X-Edge", value: ["1"] }], add: [] };
const ERROR_PAGES = { files: { "4xx": "/sorry.txt", "5xx": "/sorry.txt" }, intercept: false };

Deno.test("createPolicies: without any, a request passes and gRPC does not", async () => {
  const { ask, reached } = open({});
  assert.equal((await ask()).status, 200);
  const refused = await ask({ headers: [["Content-Type", "application/grpc"]] });
  assert.equal(headerOf(refused, "grpc-status"), "12");
  assert.equal(reached.length, 1);
});

Deno.test("createPolicies: what changes answers sees those of all other policies", async () => {
  const { ask } = open({
    responseHeaders: RESPONSE_HEADERS,
    hsts: { maxAgeSeconds: 60, includeSubdomains: false, preload: false },
    securityHeaders: true,
    errorPages: ERROR_PAGES,
    basicAuth: BASIC_AUTH,
  });
  const answer = await ask();
  assert.equal(answer.status, 401);
  assert.equal(headerOf(answer, "x-edge"), "1");
  assert.match(headerOf(answer, "strict-transport-security")!, /^max-age=60/);
  assert.equal(headerOf(answer, "x-content-type-options"), "nosniff");
  assert.match(headerOf(answer, "www-authenticate")!, /^Basic /);
  assert.equal(await readText(answer), "sorry 401");
});

Deno.test("createPolicies: the rate is limited before a password costs anything", async () => {
  const rateLimit = { scope: "a", requests: 1, perMs: 60_000, burst: 1 };
  const { ask } = open({ rateLimit, basicAuth: BASIC_AUTH });
  assert.equal((await ask({ headers: [LOGIN] })).status, 200);
  assert.equal((await ask({ headers: [LOGIN] })).status, 429);
});

Deno.test("createPolicies: maintenance comes before users and the auth server", async () => {
  const maintenance = { pageFile: undefined, retryAfterSeconds: 300, allow: [] };
  const { ask, reached } = open({ maintenance, basicAuth: BASIC_AUTH, errorPages: ERROR_PAGES });
  assert.equal((await ask({ headers: [LOGIN] })).status, 503);
  assert.equal(reached.length, 0);
});

Deno.test("createPolicies: the auth server is asked about users that are known", async () => {
  const forwardAuth = {
    server: makeServer(9),
    target: "/verify",
    authority: "auth.test",
    copyHeaders: [],
    requestHeaders: undefined,
    timeoutMs: 1_000,
  };
  const { ask, reached } = open({ basicAuth: BASIC_AUTH, forwardAuth }, 403);
  assert.equal((await ask()).status, 401, "unknown: not asked");
  assert.equal((await ask({ headers: [LOGIN] })).status, 403);
  assert.equal(reached.length, 0);
});

Deno.test("createPolicies: a body too large is refused with the page for it, uncompressed or not", async () => {
  const compress = { types: undefined, minBytes: 1_024, encodings: ["gzip"] } as const;
  const { ask, reached } = open({ maxBodySize: 3, errorPages: ERROR_PAGES, compress });
  const headers = [["Accept-Encoding", "gzip"]] as const;
  const body = { ...makeBodyOf(4) };
  const answer = await ask({ method: "POST", headers, body });
  assert.equal(answer.status, 413);
  assert.equal(await readText(answer), "sorry 413");
  assert.equal(reached.length, 0);
  assert.equal(headerOf(await ask({ headers }), "content-encoding"), "gzip");
});

function makeBodyOf(length: number): NonNullable<Exchange["body"]> {
  return {
    length,
    trailers: [],
    isTouched: false,
    read: () => Promise.resolve(0),
    cancel: () => {},
  };
}
