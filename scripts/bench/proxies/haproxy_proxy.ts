/**
 * HAProxy as a peer, with one thread, for passthrough only. Does I/O.
 *
 * @module
 */
import { startConfiguredServer } from "../../../tests/support/configured_server.ts";
import { requireInstalled } from "../../../tests/support/installed.ts";
import type { BackendPorts } from "../backends.ts";
import { BEHAVIOURS, serverNameOf } from "../load/stream_protocol.ts";
import type { Proxy, ProxyKind } from "./proxy.ts";

/** haproxy from PATH. */
export const haproxyProxy: ProxyKind = {
  name: "haproxy",
  planes: ["passthrough", "start"],
  start: startHaproxyProxy,
};

async function startHaproxyProxy(backends: BackendPorts): Promise<Proxy> {
  const server = await startConfiguredServer({
    program: requireInstalled("haproxy"),
    portCount: 1,
    files: ({ ports }) => ({ "haproxy.cfg": renderConfig(ports[0], backends) }),
    args: ({ folder }) => ["-db", "-f", `${folder}/haproxy.cfg`],
  });
  return {
    name: haproxyProxy.name,
    pid: server.process.pid,
    port: server.ports[0],
    caFile: "",
    tableHosts: 0,
    engine: undefined,
    reload: undefined,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function renderConfig(port: number, backends: BackendPorts): string {
  return [
    "global",
    "  nbthread 1",
    "  maxconn 9950",
    "defaults",
    "  mode tcp",
    "  timeout connect 5s",
    "  timeout client 10m",
    "  timeout server 10m",
    "frontend public",
    `  bind 127.0.0.1:${port}`,
    "  tcp-request inspect-delay 5s",
    "  tcp-request content accept if { req.ssl_hello_type 1 }",
    ...BEHAVIOURS.map((each) => `  use_backend ${each} if { req.ssl_sni ${serverNameOf(each)} }`),
    ...BEHAVIOURS.flatMap((each) => [
      `backend ${each}`,
      `  server one 127.0.0.1:${backends.stream[each]}`,
    ]),
    "",
  ].join("\n");
}
