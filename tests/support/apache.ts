/**
 * Apache httpd with a configuration made for one test, and what it saw of the client.
 *
 * @module
 */
import {
  type ConfiguredServer,
  type ServerPlace,
  startConfiguredServer,
} from "./configured_server.ts";
import { requireInstalled } from "./installed.ts";

const MODULES_FOLDER = "/usr/lib/apache2/modules";

/** What the access log, PROXY headers, TLS and plain files need. */
const MODULES = [
  "mpm_event",
  "authz_core",
  "remoteip",
  "ssl",
  "socache_shmcb",
  "alias",
  "dir",
  "headers",
  "mime",
  "proxy",
  "proxy_http",
  "rewrite",
  "setenvif",
];

/** What Apache serves. */
export interface ApacheOptions {
  /** How many free ports the configuration needs; each gets its `Listen` line. Default 1. */
  readonly portCount?: number;
  /** Returns `<VirtualHost 127.0.0.1:port>` blocks and other directives of the server. */
  readonly configuration: (place: ServerPlace) => string;
  /** Files below the document root: name to content. Default `index.html` with `apache`. */
  readonly documents?: Readonly<Record<string, string>>;
}

/**
 * Starts Apache and waits until its ports accept. Lines of its access log read
 * `client=<address after mod_remoteip> peer=<connection> forwarded="<X-Forwarded-For>" host=…
 * request="GET / HTTP/1.1" status=200`.
 */
export async function startApache(options: ApacheOptions): Promise<ConfiguredServer> {
  const documents = Object.entries(options.documents ?? { "index.html": "apache\n" });
  return await startConfiguredServer({
    program: requireInstalled("apache2"),
    portCount: options.portCount ?? 1,
    files: (place) => ({
      "apache.conf": renderConfig(options, place),
      ...Object.fromEntries(documents.map(([name, content]) => [`documents/${name}`, content])),
    }),
    args: ({ folder }) => ["-d", folder, "-f", `${folder}/apache.conf`, "-DFOREGROUND"],
    // It listens before it has read its whole configuration.
    readyLine: /resuming normal operations/,
  });
}

function renderConfig(options: ApacheOptions, place: ServerPlace): string {
  return [
    ...MODULES.map((name) => `LoadModule ${name}_module ${MODULES_FOLDER}/mod_${name}.so`),
    ...place.ports.map((port) => `Listen 127.0.0.1:${port}`),
    "ServerName localhost",
    `PidFile ${place.folder}/apache.pid`,
    `DefaultRuntimeDir ${place.folder}`,
    // Apache refuses to serve as root.
    ...(Deno.uid() === 0 ? ["User www-data", "Group www-data"] : []),
    "TypesConfig /dev/null",
    "LogLevel notice",
    "StartServers 1",
    "ServerLimit 1",
    "ThreadsPerChild 8",
    "MaxRequestWorkers 8",
    "ErrorLog /dev/stderr",
    `LogFormat "access client=%a peer=%{c}a forwarded=\\"%{X-Forwarded-For}i\\" host=%{Host}i ` +
    `request=\\"%r\\" status=%>s" access`,
    "CustomLog /dev/stdout access",
    `DocumentRoot ${place.folder}/documents`,
    options.configuration(place),
    "",
  ].join("\n");
}
