/**
 * HAProxy as a peer for offload, with one thread, for orientation: it terminates TLS itself, without
 * the hop that a mix of passthrough and offload needs. Does I/O.
 *
 * @module
 */
import { startConfiguredServer } from "../../../tests/support/configured_server.ts";
import { requireInstalled } from "../../../tests/support/installed.ts";
import type { BackendPorts } from "../backends.ts";
import type { SharedCertificate } from "../shared_certificate.ts";
import { OFFLOADED, type Proxy, type ProxyKind } from "./proxy.ts";

/** haproxy from PATH. */
export function haproxyOffloadProxy(certificate: SharedCertificate): ProxyKind {
  return {
    name: "haproxy",
    planes: ["offload"],
    start: (backends) => startHaproxy(certificate, backends),
  };
}

async function startHaproxy(
  certificate: SharedCertificate,
  backends: BackendPorts,
): Promise<Proxy> {
  const server = await startConfiguredServer({
    program: requireInstalled("haproxy"),
    portCount: 1,
    files: ({ ports }) => ({
      "haproxy.cfg": renderHaproxyConfig(ports[0], { certificate, backends }),
    }),
    args: ({ folder }) => ["-db", "-f", `${folder}/haproxy.cfg`],
  });
  return {
    name: "haproxy",
    pid: server.process.pid,
    port: server.ports[0],
    caFile: certificate.caFile,
    tableHosts: 0,
    engine: undefined,
    reload: undefined,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Renders a configuration with one public port and a backend for each offloaded hostname. */
export function renderHaproxyConfig(
  port: number,
  { certificate, backends }: { certificate: SharedCertificate; backends: BackendPorts },
): string {
  return [
    "global",
    "  nbthread 1",
    "  maxconn 9950",
    "defaults",
    "  mode http",
    "  timeout connect 5s",
    "  timeout client 10m",
    "  timeout server 10m",
    "  timeout http-keep-alive 10m",
    "  http-reuse always",
    "  option forwardfor",
    "frontend public",
    `  bind 127.0.0.1:${port} ssl crt ${certificate.bothFile} alpn h2,http/1.1`,
    ...OFFLOADED.map(({ hostname, backend }) =>
      `  use_backend ${backend} if { ssl_fc_sni ${hostname} }`
    ),
    ...OFFLOADED.flatMap(({ backend }) => [
      `backend ${backend}`,
      `  server one 127.0.0.1:${backends[backend]}`,
    ]),
    "",
  ].join("\n");
}
