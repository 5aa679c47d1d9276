import assert from "node:assert/strict";
import type { RouteConfig, ServerConfig, UpstreamTlsConfig } from "../../../lib/config/config.ts";
import { prepareServers } from "../../../lib/http/upstream/prepare_servers.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n";

const TLS: UpstreamTlsConfig = {
  serverName: undefined,
  caFile: undefined,
  fingerprint: undefined,
  insecureSkipVerify: false,
};

function server(port: number, scheme: ServerConfig["scheme"]): ServerConfig {
  return { address: { kind: "tcp", hostname: "127.0.0.1", port }, scheme, proxyProtocol: "off" };
}

function route(fields: Partial<RouteConfig>): RouteConfig {
  return {
    index: 0,
    hosts: [{ kind: "exact", name: "a.example.org" }],
    mode: "offload",
    servers: [],
    source: "proxy",
    plainHttp: { kind: "off" },
    redirect: undefined,
    certificate: undefined,
    upstreamTls: TLS,
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
