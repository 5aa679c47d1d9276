/**
 * Caddy as a peer, on one core (`GOMAXPROCS=1`), for offload only: it terminates TLS itself, without a
 * hop in front. Does I/O.
 *
 * @module
 */
import {
  type ServerPlace,
  startConfiguredServer,
} from "../../../tests/support/configured_server.ts";
import { requireInstalled } from "../../../tests/support/installed.ts";
import type { BackendPorts } from "../backends.ts";
import type { SharedCertificate } from "../shared_certificate.ts";
import { OFFLOADED, type Proxy, type ProxyKind } from "./proxy.ts";

/** caddy from PATH. */
export function caddyProxy(certificate: SharedCertificate): ProxyKind {
  return {
    name: "caddy",
    planes: ["offload"],
    start: (backends) => startCaddyProxy(certificate, backends),
  };
}

async function startCaddyProxy(
  certificate: SharedCertificate,
  backends: BackendPorts,
): Promise<Proxy> {
  const server = await startConfiguredServer({
    // `env` becomes the program: the process that is measured is Caddy itself.
    program: requireInstalled("env"),
    portCount: 1,
    files: (place) => ({ Caddyfile: renderCaddyfile(place, { certificate, backends }) }),
    args: ({ folder }) => [
      ...["GOMAXPROCS=1", `HOME=${folder}`, `XDG_DATA_HOME=${folder}`, `XDG_CONFIG_HOME=${folder}`],
      ...[requireInstalled("caddy"), "run", "--adapter", "caddyfile"],
      ...["--config", `${folder}/Caddyfile`],
    ],
  });
  return {
    name: "caddy",
    pid: server.process.pid,
    port: server.ports[0],
    caFile: certificate.caFile,
    tableHosts: 0,
    engine: undefined,
    reload: undefined,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Renders a Caddyfile that asks nobody for certificates and opens no port but the one. */
export function renderCaddyfile(
  { ports: [port] }: ServerPlace,
  { certificate, backends }: { certificate: SharedCertificate; backends: BackendPorts },
): string {
  return [
    "{",
    "  admin off",
    "  auto_https off",
    "  log {",
    "    level ERROR",
    "  }",
    "}",
    ...OFFLOADED.flatMap(({ hostname, backend }) => [
      `https://${hostname}:${port} {`,
      "  bind 127.0.0.1",
      `  tls ${certificate.certFile} ${certificate.keyFile}`,
      `  reverse_proxy 127.0.0.1:${backends[backend]} {`,
      "    transport http {",
      // Its default would close connections to the upstream under more clients than that.
      "      keepalive_idle_conns_per_host 64",
      "    }",
      "  }",
      "}",
    ]),
    "",
  ].join("\n");
}
