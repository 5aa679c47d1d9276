/**
 * Postern as its users run it: the `postern` task's command and permissions. Does I/O.
 *
 * @module
 */
import { startPostern } from "../../../tests/support/postern.ts";
import type { BackendPorts } from "../backends.ts";
import { BEHAVIOURS, serverNameOf } from "../load/stream_protocol.ts";
import { OFFLOAD_HOSTNAME, type Proxy, type ProxyKind } from "./proxy.ts";

/** The Postern of this folder. */
export const posternProxy: ProxyKind = {
  name: "postern",
  planes: ["passthrough", "offload"],
  start: startPosternProxy,
};

async function startPosternProxy(backends: BackendPorts): Promise<Proxy> {
  const postern = await startPostern(renderConfig(backends));
  return {
    name: posternProxy.name,
    pid: postern.process.pid,
    port: postern.https[0].port,
    [Symbol.asyncDispose]: () => postern[Symbol.asyncDispose](),
  };
}

function renderConfig(backends: BackendPorts): string {
  return [
    "version: 1",
    "listen:",
    '  https: "127.0.0.1:0"',
    '  http: "127.0.0.1:0"',
    "routes:",
    ...BEHAVIOURS.flatMap((each) => [
      `  - hosts: [${serverNameOf(each)}]`,
      "    mode: passthrough",
      "    http: off",
      `    upstream: 127.0.0.1:${backends.stream[each]}`,
    ]),
    `  - hosts: [${OFFLOAD_HOSTNAME}]`,
    "    mode: offload",
    "    http: off",
    `    upstream: http://127.0.0.1:${backends.http}`,
    "    tls: { certificate: internal }",
    "",
  ].join("\n");
}
