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
import { OFFLOAD_HOSTNAME } from "../../../../scripts/bench/proxies/proxy.ts";

const BACKENDS = { stream: { echo: 1, sink: 2, source: 3 }, http: 4 };

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
    strictEqual(table.matches.length, BEHAVIOURS.length + tableHosts + 2 + 1);
    const portOf = (name: string) => {
      const address = table.match(name)?.route.servers[0]?.address;
      return address?.kind === "tcp" ? address.port : undefined;
    };
    for (const each of BEHAVIOURS) strictEqual(portOf(serverNameOf(each)), BACKENDS.stream[each]);
    strictEqual(portOf(OFFLOAD_HOSTNAME), BACKENDS.http);
    strictEqual(portOf(tableNameOf(tableHosts)), undefined);
    if (tableHosts > 0) strictEqual(portOf(tableNameOf(tableHosts - 1)), BACKENDS.stream.echo);
  });
}
