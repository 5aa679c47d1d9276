import assert from "node:assert/strict";
import type { Address } from "../../../lib/base/addresses.ts";
import type { ServerConfig, UpstreamTlsConfig } from "../../../lib/config/config.ts";
import {
  type ClientCertificate,
  poolKey,
  prepareServer,
} from "../../../lib/http/upstream/upstream_server.ts";

const ADDRESS: Address = { kind: "tcp", hostname: "127.0.0.1", port: 8443 };
const TIMEOUTS = { connectMs: 1, responseMs: 2 };
const ROOTS: UpstreamTlsConfig = {
  serverName: undefined,
  caFile: undefined,
  fingerprint: undefined,
  insecureSkipVerify: false,
};

function prepare(
  server: Partial<ServerConfig>,
  tls: Partial<UpstreamTlsConfig> = {},
  caPem?: string,
  clientCertificate?: ClientCertificate,
) {
  const config: ServerConfig = {
    address: ADDRESS,
    scheme: "https",
    proxyProtocol: "off",
    weight: 1,
    isBackup: false,
    ...server,
  };
  const files = { caPem, clientCertificate };
  return prepareServer(config, { tls: { ...ROOTS, ...tls }, ...files, timeouts: TIMEOUTS });
}

Deno.test("prepareServer: what is trusted follows from the configuration", () => {
  const sha256 = "ab".repeat(32);
  const cases: [Partial<UpstreamTlsConfig>, string | undefined, object][] = [
    [{}, undefined, { kind: "roots" }],
    [{ caFile: "/ca.pem" }, "PEM", { kind: "ca", pem: "PEM" }],
    [{ fingerprint: sha256 }, undefined, { kind: "fingerprint", sha256 }],
    [{ insecureSkipVerify: true }, undefined, { kind: "nothing" }],
    [{ fingerprint: sha256, insecureSkipVerify: true }, undefined, { kind: "fingerprint", sha256 }],
    [{ caFile: "/ca.pem", fingerprint: sha256 }, "PEM", { kind: "fingerprint", sha256 }],
  ];
  for (const [tls, caPem, trust] of cases) {
    assert.deepEqual(prepare({}, tls, caPem).tls?.trust, trust);
  }
  assert.equal(prepare({ scheme: "http" }, { fingerprint: sha256 }).tls, undefined);
});

Deno.test("prepareServer: mistakes of the caller throw", () => {
  assert.throws(() => prepare({ address: { kind: "sample" } }), TypeError);
  assert.throws(() => prepare({ scheme: "tcp" }), TypeError);
  assert.throws(() => prepare({}, { caFile: "/ca.pem" }), TypeError);
  const clientCert = { certFile: "/c.pem", keyFile: "/k.pem" };
  assert.throws(() => prepare({}, { clientCert }), TypeError);
});

const CLIENT = { certPem: "CERT", keyPem: "KEY" };

Deno.test("poolKey: differs wherever a verification could", () => {
  const servers = [
    prepare({ scheme: "http" }),
    prepare({ address: { kind: "unix", path: "/run/app.sock" }, scheme: "http" }),
    prepare({ address: { kind: "tcp", hostname: "127.0.0.1", port: 8444 } }),
    prepare({}),
    prepare({}, { caFile: "/ca.pem" }, "PEM 1"),
    prepare({}, { caFile: "/ca.pem" }, "PEM 2"),
    prepare({}, { fingerprint: "ab".repeat(32) }),
    prepare({}, { fingerprint: "cd".repeat(32) }),
    prepare({}, { insecureSkipVerify: true }),
    prepare({}, {}, undefined, CLIENT),
    prepare({}, {}, undefined, { ...CLIENT, certPem: "CERT 2" }),
    prepare({}, {}, undefined, { ...CLIENT, keyPem: "KEY 2" }),
    prepare({}, { caFile: "/ca.pem" }, "PEM 1", CLIENT),
  ];
  const keys = servers.flatMap((server) => [poolKey(server, "a.test"), poolKey(server, "b.test")]);
  // Plain servers have one key for every name.
  assert.equal(new Set(keys).size, 2 * servers.length - 2);
});

Deno.test("poolKey: the same file content is the same authority, whatever the limits", () => {
  const one = prepare({}, { caFile: "/a.pem" }, "PEM", CLIENT);
  const other = prepare({}, { caFile: "/b.pem" }, "PEM", { ...CLIENT });
  assert.equal(poolKey(one, "a.test"), poolKey(other, "a.test"));
  assert.doesNotMatch(poolKey(one, "a.test"), /KEY/);
});
