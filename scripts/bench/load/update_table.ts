/**
 * A program: how long a running Postern takes from a configuration that has been read and checked to
 * every connection being decided by it. A process of its own, since reading the file takes much longer
 * and cannot be told apart from outside.
 *
 *     update_table.ts <engine> <hosts in the table>
 *
 * Prints `applied <ms>` for each of a few updates. See `postern_config.ts`.
 *
 * @module
 */
import { systemClock } from "../../../lib/base/clock.ts";
import { Counters } from "../../../lib/base/counters.ts";
import { silentLog } from "../../../lib/base/log.ts";
import type { Config } from "../../../lib/config/config.ts";
import { parseConfig } from "../../../lib/config/parse_config.ts";
import { Edge } from "../../../lib/edge.ts";
import { MemoryStore } from "../../../tests/support/memory_store.ts";
import { renderPosternConfig } from "../proxies/postern_config.ts";

/** The first ones still run uncompiled code. */
const UPDATES = 6;

/** Nobody connects: any port will do. */
const BACKENDS = { stream: { echo: 9, sink: 9, source: 9 }, http: 9, upload: 9, websocket: 9 };

if (import.meta.main) await main(Deno.args[0], Number(Deno.args[1]));

async function main(engine: string, tableHosts: number): Promise<void> {
  const configs = [1, 2].map((extraRoutes) => read({ engine, tableHosts, extraRoutes }));
  const edge = await Edge.open(configs[0], {
    log: silentLog,
    counters: new Counters(),
    clock: systemClock,
    store: new MemoryStore(),
  });
  for (let update = 1; update <= UPDATES; update++) {
    const startedMs = performance.now();
    await edge.reload(configs[update % 2]);
    console.log(`applied ${(performance.now() - startedMs).toFixed(1)}`);
  }
  await edge.stop(0);
  Deno.exit(0);
}

function read(options: { engine: string; tableHosts: number; extraRoutes: number }): Config {
  const parsed = parseConfig(renderPosternConfig(options, BACKENDS), { path: "/routes.yaml" });
  if (parsed.kind !== "config") throw new Error(parsed.problems[0].message);
  return parsed.config;
}
