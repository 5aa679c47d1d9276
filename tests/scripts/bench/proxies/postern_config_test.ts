import { strictEqual } from "node:assert/strict";
import { parseConfig } from "../../../../lib/config/parse_config.ts";
import { RouteTable } from "../../../../lib/route/route_table.ts";
import {
  BEHAVIOURS,
  serverNameOf,
  tableNameOf,
} from "../../../../scripts/bench/load/stream_protocol.ts";
import {
  countRoutes,
  renderPosternConfig,
} from "../../../../scripts/bench/proxies/postern_config.ts";
import { OFFLOADED } from "../../../../scripts/bench/proxies/proxy.ts";

const BACKENDS = { stream: { echo: 1, sink: 2, source: 3 }, http: 4, upload: 5, websocket: 6 };

for (const tableHosts of [0, 1, 10, 100, 101, 1_000]) {
  Deno.test(`renderPosternConfig: a table of ${tableHosts} hosts is read without a problem`, () => {
    const text = renderPosternConfig(
      { engine: "portable", tableHosts, extraRoutes: 2 },
      BACKENDS,
    );
    const parsed = parseConfig(text, { path: "/routes.yaml" });
    if (parsed.kind !== "config") throw new Error(parsed.problems[0].message);
    strictEqual(countRoutes(text), parsed.config.routes.length);
    const table = new RouteTable(parsed.config.routes);
    strictEqual(table.matches.length, BEHAVIOURS.length + tableHosts + 2 + OFFLOADED.length);
    const portOf = (name: string) => {
      const address = table.match(name)?.route.servers[0]?.address;
      return address?.kind === "tcp" ? address.port : undefined;
    };
    for (const each of BEHAVIOURS) strictEqual(portOf(serverNameOf(each)), BACKENDS.stream[each]);
    for (const { hostname, backend } of OFFLOADED) {
      strictEqual(portOf(hostname), BACKENDS[backend]);
    }
    strictEqual(portOf(tableNameOf(tableHosts)), undefined);
    if (tableHosts > 0) strictEqual(portOf(tableNameOf(tableHosts - 1)), BACKENDS.stream.echo);
  });
}

Deno.test("renderPosternConfig: offloaded hosts have the certificate that their peers have", () => {
  const certificate = { certFile: "/a/cert.pem", keyFile: "/a/key.pem" };
  const text = renderPosternConfig({ engine: "splice", tableHosts: 0, certificate }, BACKENDS);
  const lines = text.match(/^ {4}tls: .*$/gm) ?? [];
  strictEqual(lines.length, OFFLOADED.length);
  for (const line of lines) {
    strictEqual(line, "    tls: { certificate: { cert: /a/cert.pem, key: /a/key.pem } }");
  }
});

Deno.test("renderPosternConfig: without offload there are passthrough routes alone", () => {
  const options = { engine: "splice", tableHosts: 10, hasOffload: false };
  const parsed = parseConfig(renderPosternConfig(options, BACKENDS), { path: "/routes.yaml" });
  if (parsed.kind !== "config") throw new Error(parsed.problems[0].message);
  strictEqual(parsed.config.routes.length, BEHAVIOURS.length + 1);
  strictEqual(parsed.config.routes.every(({ mode }) => mode === "passthrough"), true);
});
