import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { curl, headerOf } from "../support/curl.ts";
import { findFreePort } from "../support/free_port.ts";
import { offloadTo, passTo, startWithRoutes, type YamlMapping } from "../support/routes.ts";
import { openTcp } from "../support/raw_client.ts";
import type { Postern } from "../support/postern.ts";
import { startHeadUpstream, valuesIn } from "../support/head_upstream.ts";
import { startNginx } from "../support/nginx.ts";
import { testWithPrograms } from "../support/installed.ts";

const CHALLENGE = "/.well-known/acme-challenge/token-1_A";

/** An address where no test's server is. */
const NOWHERE = "127.0.0.1:1";

/** Each row is one request to port 80. */
interface Case {
  readonly what: string;
  readonly url: string;
  readonly status: number;
  /** Of a redirect, with `PORT` for the port of the TLS listener. */
  readonly location?: string;
  /** Whether the upstream got it. */
  readonly forwarded?: boolean;
}

const CASES: readonly Case[] = [
  {
    what: "an offload host is sent to https, path and query kept",
    url: "http://offload.test/a%2Fb//c?x=/../y&z",
    status: 308,
    location: "https://offload.test:PORT/a%2Fb//c?x=/../y&z",
  },
  {
    what: "an offload host's port does not matter",
    url: "http://offload.test:8080/",
    status: 308,
    location: "https://offload.test:PORT/",
  },
  {
    what: "a redirect route is sent to https first",
    url: "http://redirect.test/a?b",
    status: 308,
    location: "https://redirect.test:PORT/a?b",
  },
  {
    what: "a challenge for an offload host that is not shown is unknown, never redirected",
    url: `http://offload.test${CHALLENGE}`,
    status: 404,
  },
  {
    what: "a challenge for an offload host with http off is unknown",
    url: `http://offload-off.test${CHALLENGE}`,
    status: 404,
  },
  { what: "an offload host with http off", url: "http://offload-off.test/", status: 404 },
  { what: "a passthrough host", url: "http://pass.test/a?b", status: 200, forwarded: true },
  {
    what: "a passthrough host's challenge",
    url: `http://pass.test${CHALLENGE}`,
    status: 200,
    forwarded: true,
  },
  {
    what: "a passthrough host that redirects",
    url: "http://secure.test/a?b",
    status: 301,
    location: "https://secure.test:PORT/a?b",
  },
  {
    what: "a challenge for a passthrough host that redirects",
    url: `http://secure.test${CHALLENGE}`,
    status: 200,
    forwarded: true,
  },
  { what: "a passthrough host with http off", url: "http://off.test/", status: 404 },
  {
    what: "a challenge for a passthrough host with http off",
    url: `http://off.test${CHALLENGE}`,
    status: 404,
  },
  { what: "a rejected host", url: "http://rejected.test/", status: 404 },
  { what: "an unknown host", url: "http://unknown.test/", status: 404 },
  { what: "an unknown host's challenge", url: `http://unknown.test${CHALLENGE}`, status: 404 },
  { what: "an IP address", url: "http://127.0.0.1/", status: 404 },
];

function routesTo(upstream: string): YamlMapping[] {
  return [
    offloadTo("offload.test", `http://${upstream}`),
    offloadTo("offload-off.test", `http://${upstream}`, { http: "off" }),
    {
      hosts: ["redirect.test"],
      mode: "redirect",
      to: "https://new.test",
      tls: { certificate: "internal" },
    },
    { hosts: ["pass.test"], mode: "passthrough", upstream: NOWHERE, http_upstream: upstream },
    {
      hosts: ["secure.test"],
      mode: "passthrough",
      upstream: NOWHERE,
      http: { redirect: 301 },
      http_upstream: upstream,
    },
    passTo("off.test", NOWHERE),
    { hosts: ["rejected.test"], mode: "reject" },
  ];
}

testWithPrograms(["curl"], "port 80: what becomes of each kind of host", async (context) => {
  await using upstream = startHeadUpstream();
  await using postern = await startWithRoutes(routesTo(`127.0.0.1:${upstream.address.port}`));
  for (const { what, url, status, location, forwarded } of CASES) {
    await context.step(`${what}: ${status}`, async () => {
      const seen = await curl(url, { to: postern.http[0] });
      strictEqual(seen.status, status, seen.error);
      const port = String(postern.https[0].port);
      strictEqual(headerOf(seen, "location"), location?.replace("PORT", port));
      strictEqual(/^GET /.test(seen.body), forwarded ?? false);
    });
  }
});

testWithPrograms(["curl"], "port 80: an upstream is told the client and http", async () => {
  await using upstream = startHeadUpstream();
  await using postern = await startWithRoutes(routesTo(`127.0.0.1:${upstream.address.port}`));
  const seen = await curl("http://pass.test/a/../b?c", {
    to: postern.http[0],
    args: ["--interface", "127.0.0.6", "-H", "X-Forwarded-For: 6.6.6.6"],
  });
  match(seen.body, /^GET \/a\/\.\.\/b\?c HTTP\/1\.1\r\n/);
  deepStrictEqual(valuesIn(seen.body, "host"), ["pass.test"]);
  deepStrictEqual(valuesIn(seen.body, "x-forwarded-for"), ["127.0.0.6"]);
  deepStrictEqual(valuesIn(seen.body, "x-forwarded-proto"), ["http"]);
});

testWithPrograms(
  ["nginx", "curl"],
  "port 80: nginx behind passthrough serves its own challenge file",
  async () => {
    await using site = await startNginx({
      http: ({ ports }) =>
        `server { listen 127.0.0.1:${ports[0]}; server_name pass.test;
           location = ${CHALLENGE} { return 200 "token.thumbprint"; } }`,
    });
    await using postern = await startWithRoutes(routesTo(`127.0.0.1:${site.ports[0]}`));
    for (const host of ["pass.test", "secure.test"]) {
      const seen = await curl(`http://${host}${CHALLENGE}`, { to: postern.http[0] });
      strictEqual(seen.body, "token.thumbprint", seen.error);
    }
  },
);

testWithPrograms(["curl"], "port 80: a server that is down gives 502", async () => {
  await using postern = await startWithRoutes(routesTo(`127.0.0.1:${findFreePort()}`));
  strictEqual((await curl("http://pass.test/", { to: postern.http[0] })).status, 502);
});

/** A Postern whose port-80 requests for `loop.test` go on to `next`. */
function startLink(next: string, http = "127.0.0.1:0"): Promise<Postern> {
  return startWithRoutes([
    { hosts: ["loop.test"], mode: "passthrough", upstream: NOWHERE, http_upstream: next },
  ], { top: { listen: { http } } });
}

testWithPrograms(
  ["curl"],
  "port 80: a chain of proxies that comes back ends with 508",
  async () => {
    const firstPort = findFreePort();
    await using second = await startLink(`127.0.0.1:${firstPort}`);
    await using first = await startLink(
      `127.0.0.1:${second.http[0].port}`,
      `127.0.0.1:${firstPort}`,
    );
    const seen = await curl("http://loop.test/", { to: first.http[0] });
    strictEqual(seen.status, 508, seen.error);
  },
);

testWithPrograms(["curl"], "port 80: two proxies in a row are no loop", async () => {
  await using upstream = startHeadUpstream();
  await using second = await startLink(`127.0.0.1:${upstream.address.port}`);
  await using first = await startLink(`127.0.0.1:${second.http[0].port}`);
  const seen = await curl("http://loop.test/", { to: first.http[0] });
  strictEqual(seen.status, 200, seen.error);
  strictEqual(valuesIn(seen.body, "via")[0].split(",").length, 2);
});

/** Requests that are refused before any route is asked. */
const REFUSED: readonly {
  readonly what: string;
  readonly request: string;
  readonly status: RegExp;
}[] = [
  { what: "no Host", request: "GET / HTTP/1.1\r\n\r\n", status: /^HTTP\/1\.1 400 / },
  { what: "an empty Host", request: "GET / HTTP/1.1\r\nHost:\r\n\r\n", status: /^HTTP\/1\.1 400 / },
  {
    what: "two Hosts",
    request: "GET / HTTP/1.1\r\nHost: pass.test\r\nHost: off.test\r\n\r\n",
    status: /^HTTP\/1\.1 400 /,
  },
  {
    what: "a Host with a path",
    request: "GET / HTTP/1.1\r\nHost: pass.test/x\r\n\r\n",
    status: /^HTTP\/1\.1 400 /,
  },
  {
    what: "CONNECT",
    request: "CONNECT pass.test:443 HTTP/1.1\r\nHost: pass.test:443\r\n\r\n",
    status: /^HTTP\/1\.1 40[05] /,
  },
  { what: "no HTTP", request: "\x16\x03\x01\x02\x00\r\n\r\n", status: /^(HTTP\/1\.1 400 |$)/ },
];

Deno.test("port 80: requests that no route can be asked for", async (context) => {
  await using upstream = startHeadUpstream();
  await using postern = await startWithRoutes(routesTo(`127.0.0.1:${upstream.address.port}`));
  for (const { what, request, status } of REFUSED) {
    await context.step(what, async () => {
      using client = await openTcp(postern.http[0]);
      await client.write(request);
      await client.end();
      match((await client.readToEnd()).text, status);
    });
  }
  strictEqual(upstream.accepted, 0);
});
