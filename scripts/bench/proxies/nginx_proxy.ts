/**
 * nginx as a peer, in the usual two hops: a stream server that routes by server name, and for
 * offloaded hosts an HTTP server with TLS behind it. One worker does both. Does I/O.
 *
 * @module
 */
import {
  type ServerPlace,
  startConfiguredServer,
} from "../../../tests/support/configured_server.ts";
import { requireInstalled } from "../../../tests/support/installed.ts";
import type { BackendPorts } from "../backends.ts";
import { BEHAVIOURS, serverNameOf } from "../load/stream_protocol.ts";
import type { SharedCertificate } from "../shared_certificate.ts";
import { OFFLOADED, type Proxy, type ProxyKind } from "./proxy.ts";

/** Where Debian puts the stream module; elsewhere it is often compiled in. */
const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** nginx from PATH. */
export function nginxProxy(certificate: SharedCertificate): ProxyKind {
  return {
    name: "nginx",
    planes: ["passthrough", "offload", "start"],
    start: (backends) => startNginxProxy(certificate, backends),
  };
}

async function startNginxProxy(
  certificate: SharedCertificate,
  backends: BackendPorts,
): Promise<Proxy> {
  const server = await startConfiguredServer({
    program: requireInstalled("nginx"),
    portCount: 2,
    files: (place) => ({
      "nginx.conf": [
        ...mainLines(place),
        ...streamLines(place, backends),
        ...httpLines(place, { certificate, backends }),
      ].join("\n"),
    }),
    args: ({ folder }) => ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`],
  });
  return {
    name: "nginx",
    pid: server.process.pid,
    port: server.ports[0],
    caFile: certificate.caFile,
    tableHosts: 0,
    engine: undefined,
    reload: undefined,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function mainLines({ folder }: ServerPlace): string[] {
  return [
    ...(isThere(STREAM_MODULE) ? [`load_module ${STREAM_MODULE};`] : []),
    "daemon off;",
    "worker_processes 1;",
    "worker_rlimit_nofile 20000;",
    `pid ${folder}/nginx.pid;`,
    "error_log stderr error;",
    "events { worker_connections 19990; }",
  ];
}

function streamLines({ ports: [publicPort, tlsPort] }: ServerPlace, backends: BackendPorts) {
  return [
    "stream {",
    "  map $ssl_preread_server_name $server {",
    ...BEHAVIOURS.map((each) => `    ${serverNameOf(each)} 127.0.0.1:${backends.stream[each]};`),
    ...OFFLOADED.map(({ hostname }) => `    ${hostname} 127.0.0.1:${tlsPort};`),
    "  }",
    "  server {",
    `    listen 127.0.0.1:${publicPort};`,
    "    ssl_preread on;",
    "    proxy_pass $server;",
    "  }",
    "}",
  ];
}

function httpLines(
  { folder, ports: [, tlsPort] }: ServerPlace,
  { certificate, backends }: { certificate: SharedCertificate; backends: BackendPorts },
): string[] {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return [
    "http {",
    ...temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`),
    "  access_log off;",
    // Its default closes each connection after 1000 requests, and h2load does not open another.
    "  keepalive_requests 1000000000;",
    "  keepalive_timeout 600s;",
    "  http2_max_requests 1000000000;",
    `  ssl_certificate ${certificate.certFile};`,
    `  ssl_certificate_key ${certificate.keyFile};`,
    "  ssl_protocols TLSv1.2 TLSv1.3;",
    "  ssl_session_cache shared:bench:8m;",
    "  map $http_upgrade $connection_field { default upgrade; '' ''; }",
    ...OFFLOADED.flatMap(({ hostname, backend }) => [
      `  upstream ${backend} { server 127.0.0.1:${
        backends[backend]
      }; keepalive 64; keepalive_requests 1000000000; }`,
      "  server {",
      `    listen 127.0.0.1:${tlsPort} ssl http2;`,
      `    server_name ${hostname};`,
      ...locationLines(backend),
      "  }",
    ]),
    "}",
    "",
  ];
}

function locationLines(backend: string): string[] {
  return [
    "    location / {",
    `      proxy_pass http://${backend};`,
    "      proxy_http_version 1.1;",
    "      proxy_set_header Upgrade $http_upgrade;",
    "      proxy_set_header Connection $connection_field;",
    "      proxy_set_header Host $http_host;",
    "      proxy_set_header X-Forwarded-For $remote_addr;",
    "      proxy_set_header X-Forwarded-Proto https;",
    // A large body would go through a file on the disk, one way or the other.
    "      proxy_max_temp_file_size 0;",
    "      proxy_request_buffering off;",
    "      client_max_body_size 0;",
    "    }",
  ];
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false; // Then the module is compiled in, or nginx says itself that it is missing.
  }
}
