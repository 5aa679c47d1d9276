import assert from "node:assert/strict";
import type {
  PathConfig,
  RouteConfig,
  ServerConfig,
  UpstreamTlsConfig,
} from "../../../lib/config/config.ts";
import { prepareServers } from "../../../lib/http/upstream/prepare_servers.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const { certPem: PEM } = await makeAuthority();

const TLS: UpstreamTlsConfig = {
  serverName: undefined,
  caFile: undefined,
  fingerprint: undefined,
  insecureSkipVerify: false,
};

function server(port: number, scheme: ServerConfig["scheme"]): ServerConfig {
  const address = { kind: "tcp", hostname: "127.0.0.1", port } as const;
  return { address, scheme, proxyProtocol: "off", weight: 1, isBackup: false };
}

function route(fields: Partial<RouteConfig>): RouteConfig {
  return {
    index: 0,
    hosts: [{ kind: "exact", name: "a.example.org" }],
    mode: "offload",
    servers: [],
    source: "proxy",
    loadBalance: "round_robin",
    healthCheck: undefined,
    sticky: undefined,
    plainHttp: { kind: "off" },
    redirect: undefined,
    certificate: undefined,
    upstreamTls: TLS,
    policies: {},
    paths: [],
    timeouts: { connectMs: 1, headerMs: 2, keepAliveMs: 3, responseMs: 4, idleMs: 5 },
    ...fields,
  };
}

Deno.test("prepareServers: servers of offload, forwarded plain HTTP and forwarded challenges", async () => {
  const [secure, plain, challenge, passed] = [
    server(1, "https"),
    server(2, "http"),
    server(3, "http"),
    server(4, "tcp"),
  ];
  const prepared = await prepareServers([
    route({ servers: [secure] }),
    route({
      mode: "passthrough",
      servers: [passed],
      plainHttp: { kind: "forward", servers: [plain] },
    }),
    route({
      mode: "passthrough",
      servers: [passed],
      plainHttp: { kind: "redirect", status: 308, challengeServers: [challenge] },
    }),
  ]);
  assert.deepEqual(prepared.map(([entry]) => entry), [secure, plain, challenge]);
  assert.deepEqual(prepared.map(([, { tls }]) => tls !== undefined), [true, false, false]);
});

Deno.test("prepareServers: servers of paths, each once", async () => {
  const [main, api] = [server(1, "http"), server(2, "http")];
  const path: PathConfig = {
    pattern: { kind: "prefix", path: "/api" },
    servers: [api],
    redirect: undefined,
    respond: undefined,
    rewrite: undefined,
    policies: {},
  };
  const paths = [path, { ...path, servers: [main] }, { ...path, servers: [] }];
  const prepared = await prepareServers([route({ servers: [main], paths })]);
  assert.deepEqual(prepared.map(([entry]) => entry), [main, api]);
});

Deno.test("prepareServers: auth servers, each once, under verification of their own", async () => {
  const [main, auth, other] = [server(1, "https"), server(2, "https"), server(3, "http")];
  const guard = (server: ServerConfig): PathConfig["policies"] => ({
    forwardAuth: {
      server,
      target: "/",
      authority: "auth.test",
      copyHeaders: [],
      requestHeaders: undefined,
      timeoutMs: 1_000,
    },
  });
  const path: PathConfig = {
    pattern: { kind: "prefix", path: "/api" },
    servers: [main],
    redirect: undefined,
    respond: undefined,
    rewrite: undefined,
    policies: guard(auth),
  };
  const prepared = await prepareServers([
    route({
      servers: [main],
      upstreamTls: { ...TLS, insecureSkipVerify: true },
      policies: guard(auth),
      paths: [path, { ...path, policies: guard(other) }],
    }),
  ]);
  assert.deepEqual(prepared.map(([entry]) => entry), [main, auth, other]);
  assert.deepEqual(prepared.map(([, { tls }]) => tls?.trust.kind), [
    "nothing",
    "roots",
    undefined,
  ]);
});

Deno.test("prepareServers: the client certificate is read, or said to be unusable", async () => {
  const { certPem, keyPem } = await makeCertificate({ names: ["postern.test"] });
  const other = await makeCertificate({ names: ["postern.test"] });
  using folder = makeTempFolder();
  const certFile = folder.write("cert.pem", certPem);
  const keyFile = folder.write("key.pem", keyPem);
  const wrongKey = folder.write("other.pem", other.keyPem);
  const prepare = async (clientCert: { certFile: string; keyFile: string }) => {
    const upstreamTls = { ...TLS, clientCert };
    const [[, prepared]] = await prepareServers([
      route({ servers: [server(1, "https")], upstreamTls }),
    ]);
    return prepared.tls?.clientCertificate;
  };
  const read = await prepare({ certFile, keyFile });
  assert.deepEqual([read?.certPem, read?.keyPem], [certPem, keyPem]);
  const missing = `${folder.path}/missing.pem`;
  const cases: [certFile: string, keyFile: string, named: string][] = [
    [missing, keyFile, missing],
    [certFile, missing, missing],
    [certFile, wrongKey, wrongKey],
  ];
  for (const [cert, key, named] of cases) {
    await assert.rejects(prepare({ certFile: cert, keyFile: key }), (error: Error) => {
      assert.match(error.message, /^upstream_tls\.client_cert: /);
      assert.ok(error.message.includes(named), error.message);
      assert.doesNotMatch(error.message, /BEGIN/);
      return true;
    });
  }
});

Deno.test("prepareServers: the CA file's content becomes what is trusted", async () => {
  using folder = makeTempFolder();
  const caFile = folder.write("ca.pem", PEM);
  const secure = route({ servers: [server(1, "https")], upstreamTls: { ...TLS, caFile } });
  const [[, prepared]] = await prepareServers([secure]);
  assert.deepEqual(prepared.tls?.trust, { kind: "ca", pem: PEM });
});

Deno.test("prepareServers: a CA file that cannot be used is named", async () => {
  using folder = makeTempFolder();
  const missing = `${folder.path}/missing.pem`;
  const empty = folder.write("empty.pem", "nothing\n");
  for (const caFile of [missing, empty]) {
    const broken = route({ servers: [server(1, "https")], upstreamTls: { ...TLS, caFile } });
    await assert.rejects(prepareServers([broken]), (error: Error) => {
      assert.match(error.message, /upstream_tls\.ca/);
      assert.ok(error.message.includes(caFile));
      return true;
    });
  }
});
