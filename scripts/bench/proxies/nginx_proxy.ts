/**
 * nginx as a peer, in the usual two hops: a stream server that routes by server name, and for
 * offloaded hosts an HTTP server with TLS behind it. One worker does both. Does I/O.
 *
 * @module
 */
import { makeCertificate, type TestCertificate } from "../../../tests/support/certificates.ts";
import {
  type ServerPlace,
  startConfiguredServer,
} from "../../../tests/support/configured_server.ts";
import { requireInstalled } from "../../../tests/support/installed.ts";
import type { BackendPorts } from "../backends.ts";
import { BEHAVIOURS, serverNameOf } from "../load/stream_protocol.ts";
import { OFFLOAD_HOSTNAME, type Proxy, type ProxyKind } from "./proxy.ts";

/** Where Debian puts the stream module; elsewhere it is often compiled in. */
const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** nginx from PATH. */
export const nginxProxy: ProxyKind = {
  name: "nginx",
  planes: ["passthrough", "offload"],
  start: startNginxProxy,
};

async function startNginxProxy(backends: BackendPorts): Promise<Proxy> {
  const certificate = await makeCertificate({ names: [OFFLOAD_HOSTNAME] });
  const server = await startConfiguredServer({
    program: requireInstalled("nginx"),
    portCount: 2,
    files: (place) => ({
      "nginx.conf": [
        ...mainLines(place),
        ...streamLines(place, backends),
        ...httpLines(place, backends),
      ].join("\n"),
      ...certificateFiles(certificate),
    }),
    args: ({ folder }) => ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`],
  });
  return {
    name: nginxProxy.name,
    pid: server.process.pid,
    port: server.ports[0],
    tableHosts: 0,
    engine: undefined,
    reload: undefined,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function certificateFiles({ certPem, keyPem }: TestCertificate): Record<string, string> {
  return { "cert.pem": certPem, "key.pem": keyPem };
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
    `    ${OFFLOAD_HOSTNAME} 127.0.0.1:${tlsPort};`,
    "  }",
    "  server {",
    `    listen 127.0.0.1:${publicPort};`,
    "    ssl_preread on;",
    "    proxy_pass $server;",
    "  }",
    "}",
  ];
}

function httpLines({ folder, ports: [, tlsPort] }: ServerPlace, backends: BackendPorts) {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return [
    "http {",
    ...temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`),
    "  access_log off;",
    // Its default closes each connection after 1000 requests, and h2load does not open another.
    "  keepalive_requests 1000000000;",
    `  upstream app { server 127.0.0.1:${backends.http}; keepalive 64; keepalive_requests 1000000000; }`,
    "  server {",
    `    listen 127.0.0.1:${tlsPort} ssl http2;`,
    `    server_name ${OFFLOAD_HOSTNAME};`,
    "    ssl_certificate cert.pem;",
    "    ssl_certificate_key key.pem;",
    "    ssl_protocols TLSv1.2 TLSv1.3;",
    "    location / {",
    "      proxy_pass http://app;",
    "      proxy_http_version 1.1;",
    '      proxy_set_header Connection "";',
    "      proxy_set_header Host $http_host;",
    "      proxy_set_header X-Forwarded-For $remote_addr;",
    "      proxy_set_header X-Forwarded-Proto https;",
    // A large answer would go through a file on the disk whenever the client is slower.
    "      proxy_max_temp_file_size 0;",
    "    }",
    "  }",
    "}",
    "",
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
