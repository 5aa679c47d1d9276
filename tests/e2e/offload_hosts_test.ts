import { match, strictEqual } from "node:assert/strict";
import { curl, headerOf } from "../support/curl.ts";
import { findFreePort } from "../support/free_port.ts";
import {
  internalCaFile,
  offloadTo,
  passTo,
  startWithRoutes,
  type YamlMapping,
} from "../support/routes.ts";
import { startHeadUpstream, valuesIn } from "../support/head_upstream.ts";
import { testWithPrograms } from "../support/installed.ts";

const VERSIONS = ["--http1.1", "--http2"];

/** Hosts asked for on a connection that was opened for `a.test`. */
const HOSTS: readonly { readonly what: string; readonly host: string; readonly status: number }[] =
  [
    { what: "the connection's own host", host: "a.test", status: 200 },
    { what: "the same in capitals", host: "A.TEST", status: 200 },
    { what: "the same with a port", host: "a.test:8443", status: 200 },
    { what: "a host with another certificate", host: "b.test", status: 421 },
    { what: "a passthrough host", host: "pass.test", status: 421 },
    { what: "a rejected host", host: "rejected.test", status: 421 },
    { what: "an unknown host", host: "unknown.test", status: 421 },
    { what: "an IP address", host: "127.0.0.1", status: 421 },
  ];

for (const version of VERSIONS) {
  testWithPrograms(
    ["curl"],
    `offload: hosts on a connection for another name (${version})`,
    async (context) => {
      await using upstream = startHeadUpstream();
      const server = `127.0.0.1:${upstream.address.port}`;
      await using postern = await startWithRoutes([
        offloadTo("a.test", `http://${server}`),
        offloadTo("b.test", `http://${server}`),
        passTo("pass.test", server),
        { hosts: ["rejected.test"], mode: "reject" },
      ]);
      for (const { what, host, status } of HOSTS) {
        await context.step(`${what} gives ${status}`, async () => {
          const seen = await curl("https://a.test/", {
            to: postern.https[0],
            caFile: internalCaFile(postern),
            args: [version, "-H", `Host: ${host}`],
          });
          strictEqual(seen.status, status, seen.error);
        });
      }
    },
  );

  testWithPrograms(
    ["curl"],
    `offload: hosts of one wildcard certificate share a connection (${version})`,
    async () => {
      await using upstream = startHeadUpstream();
      await using postern = await startWithRoutes([
        offloadTo("*.wild.test", `http://127.0.0.1:${upstream.address.port}`),
      ]);
      const seen = await curl("https://one.wild.test/", {
        to: postern.https[0],
        caFile: internalCaFile(postern),
        args: [version, "-H", "Host: two.wild.test"],
      });
      strictEqual(seen.status, 200, seen.error);
      strictEqual(valuesIn(seen.body, "host")[0], "two.wild.test");
    },
  );

  testWithPrograms(["curl"], `offload: gRPC is refused in its own words (${version})`, async () => {
    await using upstream = startHeadUpstream();
    await using postern = await startWithRoutes([
      offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
    ]);
    const ask = (type: string) =>
      curl("https://a.test/x.Service/Call", {
        to: postern.https[0],
        caFile: internalCaFile(postern),
        args: [version, "-H", `Content-Type: ${type}`],
      });
    const refused = await ask("application/grpc+proto");
    strictEqual(headerOf(refused, "grpc-status"), "12", refused.error);
    match(headerOf(refused, "grpc-message")!, /passthrough/);
    strictEqual(upstream.accepted, 0);
    strictEqual((await ask("application/grpc-web")).status, 200);
  });
}

/** Redirect routes and where they send `/path?query`. */
const REDIRECTS: readonly {
  readonly route: YamlMapping;
  readonly status: number;
  readonly location: string;
}[] = [
  { route: { to: "https://new.test" }, status: 308, location: "https://new.test/path?query" },
  { route: { to: "https://new.test/own" }, status: 308, location: "https://new.test/own" },
  {
    route: { to: "http://new.test:8080", status: 301 },
    status: 301,
    location: "http://new.test:8080/path?query",
  },
];

for (const { route, status, location } of REDIRECTS) {
  testWithPrograms(["curl"], `redirect: ${JSON.stringify(route)} sends there`, async () => {
    await using postern = await startWithRoutes([
      { hosts: ["old.test"], mode: "redirect", tls: { certificate: "internal" }, ...route },
    ]);
    for (const version of VERSIONS) {
      const seen = await curl("https://old.test/path?query", {
        to: postern.https[0],
        caFile: internalCaFile(postern),
        args: [version],
      });
      strictEqual(seen.status, status, seen.error);
      strictEqual(headerOf(seen, "location"), location);
    }
  });
}

for (const version of VERSIONS) {
  testWithPrograms(
    ["curl"],
    `offload: a process of this host cannot get past the relay (${version})`,
    async () => {
      await using upstream = startHeadUpstream();
      await using postern = await startWithRoutes([
        offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
      ]);
      const caFile = internalCaFile(postern);
      const options = { to: postern.https[0], caFile, args: [version] };
      strictEqual((await curl("https://a.test/", options)).status, 200);
      const [, port] = await postern.waitForLog(/serverName=a\.test .*server=127\.0\.0\.1:(\d+)/);
      const terminator = { kind: "tcp", hostname: "127.0.0.1", port: Number(port) } as const;
      // The last one is among those that the relay itself takes in turn.
      for (const source of ["127.0.0.1", "127.0.0.2", "127.64.0.77"]) {
        const seen = await curl("https://a.test/", {
          to: terminator,
          caFile,
          args: [version, "--interface", source, "-H", "X-Forwarded-For: 10.0.0.1"],
        });
        strictEqual(seen.status, 403, seen.error);
      }
      await postern.waitForLog(/Refused a request that did not come through the relay/);
      // The relay itself is still let through.
      strictEqual((await curl("https://a.test/", options)).status, 200);
    },
  );
}

testWithPrograms(
  ["curl"],
  "offload: a server on a port nobody listens on is only its own",
  async () => {
    await using upstream = startHeadUpstream();
    await using postern = await startWithRoutes([
      offloadTo("down.test", `http://127.0.0.1:${findFreePort()}`),
      offloadTo("up.test", `http://127.0.0.1:${upstream.address.port}`),
    ]);
    const options = { to: postern.https[0], caFile: internalCaFile(postern) };
    strictEqual((await curl("https://down.test/", options)).status, 502);
    strictEqual((await curl("https://up.test/", options)).status, 200);
  },
);
