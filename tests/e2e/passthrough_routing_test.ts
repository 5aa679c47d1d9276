import { match, strictEqual } from "node:assert/strict";
import type { ConfiguredServer } from "../support/configured_server.ts";
import { curl } from "../support/curl.ts";
import { testWithPrograms } from "../support/installed.ts";
import { testWithIpv6 } from "../support/ipv6.ts";
import { startNginx } from "../support/nginx.ts";
import { opensslConnect } from "../support/openssl_client.ts";
import { passTo, startWithRoutes, type YamlMapping } from "../support/routes.ts";
import { makeTlsFiles, nginxTls, type TlsFiles } from "../support/tls_files.ts";

/** RFC 6066 §3. */
const UNRECOGNIZED_NAME = 112;

const NAMES = [
  "a.test",
  "b.test",
  "any.wild.test",
  "deep.any.wild.test",
  "wild.test",
  "other.test",
];

/** Servers that say which of them answers. */
async function startSites(files: TlsFiles, count: number): Promise<ConfiguredServer> {
  return await startNginx({
    portCount: count,
    http: ({ ports }) =>
      ports.map((port, index) =>
        `server { listen 127.0.0.1:${port} ssl http2; ${
          nginxTls(files)
        } return 200 "site${index}"; }`
      ).join("\n"),
  });
}

/** Names that lead to a site, or to an alert. */
interface Case {
  readonly what: string;
  readonly serverName: string | undefined;
  readonly expected: "site0" | "site1" | "site2" | typeof UNRECOGNIZED_NAME;
}

const CASES: readonly Case[] = [
  { what: "an exact name", serverName: "a.test", expected: "site0" },
  { what: "a name in capitals", serverName: "A.TEST", expected: "site0" },
  { what: "another exact name", serverName: "b.test", expected: "site1" },
  { what: "a wildcard's one label", serverName: "any.wild.test", expected: "site2" },
  {
    what: "two labels under a wildcard",
    serverName: "deep.any.wild.test",
    expected: UNRECOGNIZED_NAME,
  },
  { what: "the wildcard's own parent", serverName: "wild.test", expected: UNRECOGNIZED_NAME },
  { what: "an unknown name", serverName: "other.test", expected: UNRECOGNIZED_NAME },
  { what: "a rejected name", serverName: "rejected.test", expected: UNRECOGNIZED_NAME },
  { what: "no name", serverName: undefined, expected: UNRECOGNIZED_NAME },
];

testWithPrograms(
  ["nginx", "curl", "openssl"],
  "passthrough: each name reaches its own server, and any other gets an alert",
  async (context) => {
    using files = await makeTlsFiles(NAMES);
    await using sites = await startSites(files, 3);
    const [a, b, wild] = sites.ports.map((port) => `127.0.0.1:${port}`);
    await using postern = await startWithRoutes([
      passTo("a.test", a),
      passTo("b.test", b),
      passTo("*.wild.test", wild),
      { hosts: ["rejected.test"], mode: "reject" },
    ]);
    const to = postern.https[0];
    for (const { what, serverName, expected } of CASES) {
      await context.step(`${what}: ${expected}`, async () => {
        if (typeof expected === "number") {
          const seen = await opensslConnect(to, { serverName });
          strictEqual(seen.succeeded, false);
          strictEqual(seen.alert, expected, seen.output);
        } else {
          const seen = await curl(`https://${serverName}/`, { to, caFile: files.caFile });
          strictEqual(seen.body, expected, seen.error);
        }
      });
    }
  },
);

testWithPrograms(
  ["nginx", "curl"],
  "passthrough: curl says why an unknown name is refused",
  async () => {
    await using postern = await startWithRoutes([passTo("a.test", "127.0.0.1:1")]);
    const seen = await curl("https://unknown.test/", { to: postern.https[0] });
    strictEqual(seen.code, 35);
    match(seen.error, /unrecognized name/i);
  },
);

testWithPrograms(
  ["nginx", "openssl"],
  "passthrough: the catch-all takes unknown names, IP literals and clients without a name",
  async () => {
    using files = await makeTlsFiles(NAMES);
    await using sites = await startSites(files, 1);
    await using postern = await startWithRoutes([passTo("*", `127.0.0.1:${sites.ports[0]}`)]);
    for (const serverName of ["unknown.test", undefined]) {
      const seen = await opensslConnect(postern.https[0], { serverName });
      strictEqual(seen.succeeded, true, seen.output);
    }
  },
);

testWithPrograms(
  ["nginx", "curl"],
  "passthrough: the client verifies the server's own certificate, not one of ours",
  async () => {
    using files = await makeTlsFiles(["a.test"]);
    await using sites = await startSites(files, 1);
    await using postern = await startWithRoutes([passTo("a.test", `127.0.0.1:${sites.ports[0]}`)]);
    const to = postern.https[0];
    strictEqual((await curl("https://a.test/", { to, caFile: files.caFile })).status, 200);
    strictEqual((await curl("https://a.test/", { to })).code, 60);
  },
);

const OFFERS: readonly { readonly args: readonly string[]; readonly expected: RegExp }[] = [
  { args: ["-tls1_2"], expected: /^New, TLSv1\.2,/m },
  { args: ["-tls1_3"], expected: /^New, TLSv1\.3,/m },
  { args: ["-alpn", "h2,http/1.1"], expected: /^ALPN protocol: h2$/m },
  { args: ["-alpn", "http/1.1"], expected: /^ALPN protocol: http\/1\.1$/m },
  { args: ["-groups", "P-384"], expected: /Server Temp Key: ECDH, secp384r1/ },
];

testWithPrograms(
  ["nginx", "openssl"],
  "passthrough: versions, ALPN and groups are the client's and the server's business",
  async () => {
    using files = await makeTlsFiles(["a.test"]);
    await using sites = await startSites(files, 1);
    await using postern = await startWithRoutes([passTo("a.test", `127.0.0.1:${sites.ports[0]}`)]);
    for (const { args, expected } of OFFERS) {
      const seen = await opensslConnect(postern.https[0], { serverName: "a.test", args });
      match(seen.output, expected);
    }
  },
);

testWithPrograms(["nginx", "curl"], "passthrough: HTTP/2 is spoken end to end", async () => {
  using files = await makeTlsFiles(["a.test"]);
  await using sites = await startSites(files, 1);
  await using postern = await startWithRoutes([passTo("a.test", `127.0.0.1:${sites.ports[0]}`)]);
  const seen = await curl("https://a.test/", {
    to: postern.https[0],
    caFile: files.caFile,
    args: ["--http2"],
  });
  strictEqual(seen.httpVersion, "2");
  await sites.waitForAccess(/request="GET \/ HTTP\/2\.0" status=200/);
});

const LISTENS: readonly { readonly listen: YamlMapping; readonly hostname: string }[] = [
  { listen: { https: "[::1]:0" }, hostname: "::1" },
  { listen: { https: "[::]:0" }, hostname: "::1" },
  { listen: { https: "[::]:0" }, hostname: "127.0.0.1" },
];

for (const { listen, hostname } of LISTENS) {
  testWithIpv6(
    ["nginx", "curl"],
    `passthrough: a client on ${hostname} reaches ${listen.https} and its address is told`,
    async () => {
      using files = await makeTlsFiles(["a.test"]);
      await using site = await startNginx({
        http: ({ ports }) =>
          `server { listen 127.0.0.1:${ports[0]} ssl proxy_protocol; ${
            nginxTls(files)
          } return 204; }`,
      });
      const upstream = `127.0.0.1:${site.ports[0]}`;
      await using postern = await startWithRoutes([
        passTo("a.test", upstream, { proxy_protocol: "v2" }),
      ], { top: { listen } });
      const to = { ...postern.https[0], hostname };
      const seen = await curl("https://a.test/", { to, caFile: files.caFile });
      strictEqual(seen.status, 204, seen.error);
      strictEqual((await site.waitForAccess(/client=(\S+) .*"GET \/ /))[1], hostname);
    },
  );
}
