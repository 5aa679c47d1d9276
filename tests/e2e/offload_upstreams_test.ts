import { match, strictEqual } from "node:assert/strict";
import type { ConfiguredServer } from "../support/configured_server.ts";
import { apacheTls, makeTlsFiles, nginxTls, type TlsFiles } from "../support/tls_files.ts";
import { curl } from "../support/curl.ts";
import { findFreePort } from "../support/free_port.ts";
import { internalCaFile, offloadTo, startWithRoutes, type YamlMapping } from "../support/routes.ts";
import { opensslConnect } from "../support/openssl_client.ts";
import { startApache } from "../support/apache.ts";
import { startHeadUpstream } from "../support/head_upstream.ts";
import { startNginx } from "../support/nginx.ts";
import { testWithPrograms } from "../support/installed.ts";

const PROGRAMS = ["nginx", "curl"];

/** nginx with plain HTTP on its first port, TLS on its second, and plain HTTP on the socket `s`. */
async function startSite(files: TlsFiles): Promise<ConfiguredServer> {
  return await startNginx({
    portCount: 2,
    http: ({ ports, folder }) =>
      `server { listen 127.0.0.1:${ports[0]}; listen unix:${folder}/s; return 200 "plain $host"; }
       server { listen 127.0.0.1:${ports[1]} ssl; ${nginxTls(files)} return 200 "tls $host"; }`,
  });
}

for (const version of ["1.1", "2"]) {
  testWithPrograms(PROGRAMS, `offload: HTTP/${version} is served by an http server`, async () => {
    using files = await makeTlsFiles(["a.test"]);
    await using site = await startSite(files);
    await using postern = await startWithRoutes([
      offloadTo("a.test", `http://127.0.0.1:${site.ports[0]}`),
    ]);
    const seen = await curl("https://a.test/x?y", {
      to: postern.https[0],
      caFile: internalCaFile(postern),
      args: [`--http${version}`],
    });
    strictEqual(seen.body, "plain a.test", seen.error);
    strictEqual(seen.httpVersion, version);
    await site.waitForAccess(
      /forwarded="127\.0\.0\.1" host=a\.test request="GET \/x\?y HTTP\/1\.1"/,
    );
  });
}

testWithPrograms(PROGRAMS, "offload: a certificate from files is the one shown", async () => {
  using files = await makeTlsFiles(["a.test"]);
  await using site = await startSite(files);
  await using postern = await startWithRoutes([
    offloadTo("a.test", `http://127.0.0.1:${site.ports[0]}`, {
      tls: { certificate: { cert: files.certFile, key: files.keyFile } },
    }),
  ]);
  const to = postern.https[0];
  const seen = await curl("https://a.test/", { to, caFile: files.caFile });
  strictEqual(seen.status, 200, seen.error);
});

testWithPrograms(
  [...PROGRAMS, "openssl"],
  "offload: TLS 1.2 and 1.3 are spoken, and a wildcard's certificate is valid for a name under it",
  async () => {
    using files = await makeTlsFiles(["a.test"]);
    await using site = await startSite(files);
    await using postern = await startWithRoutes([
      offloadTo("*.wild.test", `http://127.0.0.1:${site.ports[0]}`),
    ]);
    for (const version of ["1_2", "1_3"]) {
      const seen = await opensslConnect(postern.https[0], {
        serverName: "any.wild.test",
        args: [`-tls${version}`, "-CAfile", internalCaFile(postern), "-verify_return_error"],
      });
      strictEqual(seen.succeeded, true, seen.output);
      match(seen.output, new RegExp(`^New, TLSv${version.replace("_", ".")},`, "m"));
    }
    const to = postern.https[0];
    const seen = await curl("https://any.wild.test/", { to, caFile: internalCaFile(postern) });
    strictEqual(seen.body, "plain any.wild.test", seen.error);
  },
);

testWithPrograms(PROGRAMS, "offload: a server may be a Unix socket", async () => {
  using files = await makeTlsFiles(["a.test"]);
  await using site = await startSite(files);
  await using postern = await startWithRoutes([
    offloadTo("a.test", `unix:${site.place.folder}/s`),
  ]);
  const to = postern.https[0];
  const seen = await curl("https://a.test/", { to, caFile: internalCaFile(postern) });
  strictEqual(seen.body, "plain a.test", seen.error);
});

testWithPrograms(["apache2", "curl"], "offload: Apache serves over http and https", async () => {
  using files = await makeTlsFiles(["a.test"]);
  await using site = await startApache({
    portCount: 2,
    configuration: ({ ports }) =>
      `<VirtualHost 127.0.0.1:${ports[1]}>\nServerName a.test\n${apacheTls(files)}\n</VirtualHost>`,
  });
  const [http, https] = site.ports;
  await using postern = await startWithRoutes([
    offloadTo("plain.test", `http://127.0.0.1:${http}`),
    offloadTo("a.test", `https://127.0.0.1:${https}`, { upstream_tls: { ca: files.caFile } }),
  ]);
  for (const host of ["plain.test", "a.test"]) {
    const seen = await curl(`https://${host}/`, {
      to: postern.https[0],
      caFile: internalCaFile(postern),
    });
    strictEqual(seen.body, "apache\n", seen.error);
    await site.waitForAccess(new RegExp(`forwarded="127\\.0\\.0\\.1" host=${host} `));
  }
});

/** Ways to verify an https server whose certificate is for `a.test`, and whether they accept it. */
const VERIFICATIONS: readonly {
  readonly what: string;
  readonly make: (files: TlsFiles, others: TlsFiles) => YamlMapping;
  readonly status: 200 | 502;
}[] = [
  { what: "its own CA", make: ({ caFile }) => ({ ca: caFile }), status: 200 },
  { what: "another CA", make: (_, { caFile }) => ({ ca: caFile }), status: 502 },
  { what: "the system's roots", make: () => ({}), status: 502 },
  {
    what: "its own CA and another name",
    make: ({ caFile }) => ({ ca: caFile, server_name: "b.test" }),
    status: 502,
  },
  {
    what: "its fingerprint",
    make: ({ certificate }) => ({ fingerprint: certificate.fingerprint }),
    status: 200,
  },
  {
    what: "another fingerprint",
    make: (_, { certificate }) => ({ fingerprint: certificate.fingerprint }),
    status: 502,
  },
  { what: "nothing", make: () => ({ insecure_skip_verify: true }), status: 200 },
];

for (const { what, make, status } of VERIFICATIONS) {
  testWithPrograms(
    PROGRAMS,
    `offload: an https server verified by ${what} gives ${status}`,
    async () => {
      using files = await makeTlsFiles(["a.test"]);
      using others = await makeTlsFiles(["a.test"]);
      await using site = await startSite(files);
      await using postern = await startWithRoutes([
        offloadTo("a.test", `https://127.0.0.1:${site.ports[1]}`, {
          upstream_tls: make(files, others),
        }),
      ]);
      const to = postern.https[0];
      const seen = await curl("https://a.test/", { to, caFile: internalCaFile(postern) });
      strictEqual(seen.status, status, seen.error);
      if (status === 200) strictEqual(seen.body, "tls a.test");
    },
  );
}

testWithPrograms(["curl"], "offload: the next server is used while the first is down", async () => {
  await using upstream = startHeadUpstream();
  await using postern = await startWithRoutes([{
    hosts: ["a.test"],
    mode: "offload",
    upstreams: [`http://127.0.0.1:${findFreePort()}`, `http://127.0.0.1:${upstream.address.port}`],
    tls: { certificate: "internal" },
  }]);
  const options = { to: postern.https[0], caFile: internalCaFile(postern) };
  for (let request = 0; request < 4; request++) {
    strictEqual((await curl("https://a.test/", options)).status, 200);
  }
});

testWithPrograms(
  ["curl"],
  "offload: one connection to the server serves many clients",
  async () => {
    await using upstream = startHeadUpstream();
    await using postern = await startWithRoutes([
      offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
    ]);
    const options = { to: postern.https[0], caFile: internalCaFile(postern) };
    for (const version of ["--http1.1", "--http2", "--http1.1"]) {
      const seen = await curl("https://a.test/", { ...options, args: [version] });
      strictEqual(seen.status, 200, seen.error);
    }
    strictEqual(upstream.accepted, 1);
  },
);

testWithPrograms(["curl"], "offload: a client's connection serves many requests", async () => {
  await using upstream = startHeadUpstream();
  await using postern = await startWithRoutes([
    offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
  ]);
  for (const version of ["--http1.1", "--http2"]) {
    const seen = await curl("https://a.test/[1-5]", {
      to: postern.https[0],
      caFile: internalCaFile(postern),
      args: [version],
    });
    strictEqual(seen.status, 200, seen.error);
    // Of the last one, which found a connection.
    strictEqual(seen.connects, 0);
  }
});
