/**
 * nginx with a configuration made for one test: HTTP servers, stream servers, and what it saw of the
 * client.
 *
 * @module
 */
import {
  type ConfiguredServer,
  type ServerPlace,
  startConfiguredServer,
} from "./configured_server.ts";
import { requireInstalled } from "./installed.ts";

/** Where Debian puts the stream module; elsewhere it is often compiled in. */
const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** What nginx serves. */
export interface NginxOptions {
  /** How many free ports the blocks need. Default 1. */
  readonly portCount?: number;
  /** Returns `server { … }` and what else stands inside `http { … }`. */
  readonly http?: (place: ServerPlace) => string;
  /** Returns what stands inside `stream { … }`. */
  readonly stream?: (place: ServerPlace) => string;
}

/**
 * Starts nginx and waits until its ports accept. Lines of its access log read
 * `client=<address of the PROXY header> peer=<connection, after realip> forwarded="<X-Forwarded-For>"
 * host=… request="GET / HTTP/1.1" status=200`, or `stream client=… peer=… name=<SNI> status=200` (the
 * name only with `ssl_preread on`).
 */
export async function startNginx(options: NginxOptions): Promise<ConfiguredServer> {
  return await startConfiguredServer({
    program: requireInstalled("nginx"),
    portCount: options.portCount ?? 1,
    files: (place) => ({ "nginx.conf": renderConfig(options, place) }),
    args: ({ folder }) => ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`],
  });
}

function renderConfig(options: NginxOptions, place: ServerPlace): string {
  const { http, stream } = options;
  return [
    ...mainLines(place, stream !== undefined),
    ...(http === undefined ? [] : ["http {", ...httpLines(place), http(place), "}"]),
    ...(stream === undefined ? [] : ["stream {", ...STREAM_LINES, stream(place), "}"]),
  ].join("\n");
}

function mainLines(place: ServerPlace, withStream: boolean): string[] {
  const asRoot = Deno.uid() === 0;
  return [
    ...(withStream && isThere(STREAM_MODULE) ? [`load_module ${STREAM_MODULE};`] : []),
    // Workers write to the pipes of the test, which belong to its user.
    ...(asRoot ? ["user root;"] : []),
    "daemon off;",
    "worker_processes 1;",
    `pid ${place.folder}/nginx.pid;`,
    "error_log stderr notice;",
    "events { worker_connections 512; }",
  ];
}

function httpLines(place: ServerPlace): string[] {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return [
    ...temporary.map((name) => `${name}_temp_path ${place.folder}/${name};`),
    `log_format access 'access client=$proxy_protocol_addr peer=$remote_addr ` +
    `forwarded="$http_x_forwarded_for" host=$host request="$request" status=$status';`,
    "access_log /dev/stdout access;",
  ];
}

const STREAM_LINES = [
  `log_format access 'access stream client=$proxy_protocol_addr peer=$remote_addr ` +
  `name=$ssl_preread_server_name status=$status';`,
  "access_log /dev/stdout access;",
];

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false; // Then the module is compiled in, or nginx says itself that it is missing.
  }
}
