/**
 * Prepares every server that requests may be sent to, once per configuration, reading the CA files
 * they are verified against and the certificates that are shown to them. Does I/O.
 *
 * @module
 */
import type { RouteConfig, ServerConfig, UpstreamTlsConfig } from "../../config/config.ts";
import { readCertificateFiles } from "../../tls/certificate_file.ts";
import { readAuthorities } from "./authorities.ts";
import { type ClientCertificate, prepareServer, type UpstreamServer } from "./upstream_server.ts";

/** A route's `upstream_tls` is about its own servers. */
const USUAL_TLS: UpstreamTlsConfig = {
  serverName: undefined,
  caFile: undefined,
  fingerprint: undefined,
  insecureSkipVerify: false,
  clientCert: undefined,
};

/**
 * Prepares the servers of offloaded hosts, those that are asked about their requests, and those that plain HTTP is forwarded to.
 *
 * @param routes With every `sample` replaced.
 * @throws {Error} If a file cannot be read or does not hold what it should; the message names it.
 */
export async function prepareServers(
  routes: readonly RouteConfig[],
): Promise<[ServerConfig, UpstreamServer][]> {
  const prepared: [ServerConfig, UpstreamServer][] = [];
  for (const route of routes) {
    const { upstreamTls: tls, timeouts } = route;
    const files = await readTlsFiles(tls);
    for (const server of httpServers(route)) {
      prepared.push([server, prepareServer(server, { ...files, tls, timeouts })]);
    }
    for (const server of authServers(route)) {
      prepared.push([server, prepareServer(server, { tls: USUAL_TLS, timeouts })]);
    }
  }
  return prepared;
}

/** What the files of `upstream_tls` hold. */
export interface TlsFiles {
  readonly caPem: string | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
}

/**
 * Reads the files that `upstream_tls` names.
 *
 * @throws {Error} If one cannot be read or does not hold what it should; the message names it.
 */
export async function readTlsFiles(
  { caFile, clientCert }: UpstreamTlsConfig,
): Promise<TlsFiles> {
  return {
    caPem: caFile === undefined ? undefined : await readAuthorities(caFile),
    clientCertificate: clientCert && await readClientCertificate(clientCert),
  };
}

function httpServers(route: RouteConfig): Iterable<ServerConfig> {
  const { mode, plainHttp, servers, paths } = route;
  const plain = plainHttp.kind === "forward"
    ? plainHttp.servers
    : plainHttp.kind === "redirect"
    ? plainHttp.challengeServers
    : [];
  if (mode !== "offload") return plain;
  // A path without servers of its own has the route's.
  return new Set([...servers, ...paths.flatMap((path) => path.servers), ...plain]);
}

/** Servers that are no upstream of the route: each proves the name in its URL, to the usual roots. */
function authServers({ paths, policies }: RouteConfig): Iterable<ServerConfig> {
  const all = [policies, ...paths.map((path) => path.policies)];
  return new Set(
    all.flatMap(({ forwardAuth }) => forwardAuth === undefined ? [] : [forwardAuth.server]),
  );
}

async function readClientCertificate(
  files: NonNullable<UpstreamTlsConfig["clientCert"]>,
): Promise<ClientCertificate> {
  const result = await readCertificateFiles(files);
  if (result.kind === "certificate") return result.certificate;
  throw new Error(`upstream_tls.client_cert: ${result.problem}`);
}
