/**
 * Prepares every server that requests may be sent to, once per configuration, reading the CA files
 * they are verified against. Does I/O.
 *
 * @module
 */
import { errorText } from "../../base/failures.ts";
import type { RouteConfig, ServerConfig } from "../../config/config.ts";
import { prepareServer, type UpstreamServer } from "./upstream_server.ts";

/**
 * Prepares the servers of offloaded hosts and those that plain HTTP is forwarded to.
 *
 * @param routes With every `sample` replaced.
 * @throws {Error} If a CA file cannot be read or holds no certificate; the message names it.
 */
export async function prepareServers(
  routes: readonly RouteConfig[],
): Promise<[ServerConfig, UpstreamServer][]> {
  const prepared: [ServerConfig, UpstreamServer][] = [];
  for (const route of routes) {
    const { upstreamTls: tls, timeouts } = route;
    const caPem = tls.caFile === undefined ? undefined : await readCaFile(tls.caFile);
    for (const server of httpServers(route)) {
      prepared.push([server, prepareServer(server, { tls, caPem, timeouts })]);
    }
  }
  return prepared;
}

function httpServers({ mode, plainHttp, servers }: RouteConfig): readonly ServerConfig[] {
  const plain = plainHttp.kind === "forward"
    ? plainHttp.servers
    : plainHttp.kind === "redirect"
    ? plainHttp.challengeServers
    : [];
  return mode === "offload" ? [...servers, ...plain] : plain;
}

async function readCaFile(path: string): Promise<string> {
  let pem: string;
  try {
    pem = await Deno.readTextFile(path);
  } catch (error) {
    throw new Error(`Cannot read upstream_tls.ca "${path}": ${errorText(error)}`, { cause: error });
  }
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error(`Cannot use upstream_tls.ca "${path}": no certificate in it, expected PEM`);
  }
  return pem;
}
