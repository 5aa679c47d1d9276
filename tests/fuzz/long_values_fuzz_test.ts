import assert from "node:assert/strict";
import { CidrSet, parseCidr } from "../../lib/base/cidr.ts";
import type { PoliciesConfig } from "../../lib/config/config.ts";
import { createOffloadApplication } from "../../lib/http/offload_application.ts";
import { createRouteApplication } from "../../lib/http/route_application.ts";
import { RouteTable } from "../../lib/route/route_table.ts";
import { makeForwardAuth } from "../http/policy/forward_auth_configs.ts";
import { cheapHash } from "../http/policy/password_hashes.ts";
import { makePath } from "../http/policy/path_configs.ts";
import { makeAnswer, makeExchange, makeProxy, makeRouteEnvironment } from "../support/exchanges.ts";
import { makeRoute, makeServer } from "../support/route_configs.ts";

/** As much as a head may hold, nearly. */
const CHARACTERS = 60_000;

/** Some 10 ms at rest; a step whose time grows with the square of the length takes seconds. */
const REQUEST_MAX_MS = 1_000;

/** Whatever a policy, the proxy or an application looks into. */
const NAMES = ["Cookie", "Accept-Encoding", "Cache-Control", "Range", "If-None-Match"]
  .concat(["Authorization", "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto"])
  .concat(["X-Forwarded-Host", "Connection", "Via", "Content-Type", "Max-Forwards", "Expect"]);

/** What patterns may try again from each of its places. */
const UNITS = [" ", "\t", ",", ", ", ",,a", ";", "; ", "a", "a,", "a=", "a=b;", "=", '"', "\\"]
  .concat(['"\\', '"a",', "*", "*;q=", "gzip;q=0.", "1.", ":", "::", "0:", "[", "]", "[:", "/"])
  .concat(["basic ", "Basic a", 'for="', "for=1;", "server=", 'W/"', "%", "1.1 a", "close,"]);

const TARGETS = [
  "%cd%84",
  "%cd%84%cc%b4",
  "a%cc%81",
  "%ef%b8%80",
  "%c3%9f",
  "%ff",
  "+",
  ".",
  "a.",
  ":",
  ":$",
  ";",
  ";/",
  "%20",
  "%2e",
  "%25",
  "/",
  "\\",
  "../",
  "?",
  "#",
]
  .concat(["%c0", "%ef", "a", "%"]);

async function makeApplication() {
  const servers = [makeServer(8_001), makeServer(8_002)];
  const users = new Map([["alice", await cheapHash("open sesame")]]);
  const policies: PoliciesConfig = {
    compress: { types: undefined, minBytes: 1, encodings: ["br", "gzip"] },
    responseHeaders: { remove: ["X-A"], set: [], add: [] },
  };
  const basicAuth = { realm: "x", users, usersFile: undefined, passes: false };
  const route = makeRoute("offload", ["app.example.org"], {
    servers,
    sticky: { cookie: "server" },
    policies,
    paths: [
      makePath("/basic/*", { servers, policies: { ...policies, basicAuth } }),
      makePath("/über files/*", { servers, policies: { ...policies, basicAuth } }),
      makePath("/auth/*", { servers, policies: { ...policies, forwardAuth: makeForwardAuth() } }),
      makePath("/cut/*", { servers, policies, rewrite: { segments: 1, by: "" } }),
    ],
  });
  const headers = [["Content-Type", "text/plain"], ["ETag", '"a"']] as const;
  const { environment } = makeProxy(() =>
    Promise.resolve(makeAnswer(200, headers, new Uint8Array(5_000)))
  );
  const application = createRouteApplication(route, makeRouteEnvironment(environment));
  const trusted = parseCidr("192.0.2.0/24");
  assert.ok(trusted !== undefined);
  const table = new RouteTable([route]);
  return createOffloadApplication({
    trustedProxies: () => new CidrSet([trusted]),
    applicationOf: () => application,
    serves: (hostname) => table.match(hostname),
  });
}

async function assertPrompt(answering: () => unknown, what: string): Promise<void> {
  const startedMs = performance.now();
  await answering();
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < REQUEST_MAX_MS, `${what} takes ${tookMs.toFixed()} ms`);
}

Deno.test("offload: no long value of a header holds up the process", async () => {
  const application = await makeApplication();
  for (const target of ["/x", "/basic/x", "/auth/x", "/cut/x"]) {
    for (const name of NAMES) {
      for (const unit of UNITS) {
        const value = `${unit.repeat(CHARACTERS / unit.length)}x`;
        const exchange = makeExchange({ target, headers: [[name, value]] });
        await assertPrompt(() => application.answer(exchange), `${target} ${name}: ${unit}…`);
      }
    }
  }
});

Deno.test("offload: no long path holds up the process", async () => {
  const application = await makeApplication();
  for (const start of ["/", "//", "/%2561", "/basic/", "/auth/%2561", "/cut/%2561"]) {
    for (const unit of TARGETS) {
      const target = `${start}${unit.repeat(CHARACTERS / unit.length)}x`;
      const exchange = makeExchange({ target });
      await assertPrompt(() => application.answer(exchange), `${start}${unit}…`);
    }
  }
});
