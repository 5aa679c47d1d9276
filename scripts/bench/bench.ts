/**
 * The benchmarks: Postern and its peers, one after the other on this machine, CPU and memory of the
 * proxies' processes only. Tables go to standard output, progress to standard error. Does I/O.
 *
 *     deno task bench [--only <part of a name>] [--rounds <n>] [--quick] [--plot <file>]
 *                     [--plot-offload <file>]
 *
 * Wall time says little on a shared machine with two cores, and the load costs more of it than the
 * proxies do. What is comparable is CPU time per unit, and the ratio to a peer in the same run.
 *
 * @module
 */
import { findInstalled } from "../../tests/support/installed.ts";
import { Backends } from "./backends.ts";
import { describeMachine } from "./machine.ts";
import { MEASURES } from "./measures.ts";
import { type BenchOptions, parseBenchOptions } from "./options.ts";
import { caddyProxy } from "./proxies/caddy_proxy.ts";
import { haproxyOffloadProxy } from "./proxies/haproxy_offload_proxy.ts";
import { haproxyProxy } from "./proxies/haproxy_proxy.ts";
import { nginxProxy } from "./proxies/nginx_proxy.ts";
import { posternProxy } from "./proxies/postern_proxy.ts";
import { OFFLOADED, type ProxyKind } from "./proxies/proxy.ts";
import { formatGoals, formatMeasure, formatSummary, type MeasureResult } from "./report.ts";
import { plotResults } from "./plot_results.ts";
import { runMeasure } from "./run_measure.ts";
import { makeSharedCertificate, type SharedCertificate } from "./shared_certificate.ts";

/** Without these there is nothing to compare with, or no load. */
const REQUIRED: Readonly<Record<string, string>> = {
  nginx: "nginx libnginx-mod-stream",
  h2load: "nghttp2-client",
};

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const options = parseBenchOptions(Deno.args, MEASURES.map(({ id }) => id));
  if (options.kind !== "options") {
    console.log(options.text);
    return options.kind === "help" ? 0 : 2;
  }
  const missing = Object.keys(REQUIRED).filter((name) => findInstalled(name) === undefined);
  if (missing.length > 0) {
    console.log(`${missing.join(", ")} not installed`);
    console.log(`  hint: apt-get install ${missing.map((name) => REQUIRED[name]).join(" ")}`);
    return 2;
  }
  return await measureAll(options);
}

async function measureAll(options: BenchOptions): Promise<number> {
  const { only, rounds, share } = options;
  const startedMs = performance.now();
  const machine = await describeMachine();
  for (const line of machine) console.log(line);
  const load = share === 1 ? "" : ", with less load (--quick)";
  console.log(`rounds    ${rounds}, the proxies in turn${load}`);
  using certificate = await makeSharedCertificate(OFFLOADED.map(({ hostname }) => hostname));
  const kinds = chooseProxies(options, certificate);
  await using backends = await Backends.open();
  const results: MeasureResult[] = [];
  for (const [index, id] of only.entries()) {
    const measure = MEASURES.find((each) => each.id === id)!;
    console.log(`\n${index + 1}/${only.length} ${measure.id}: ${measure.title}`);
    const progress = (line: string) => console.error(line);
    const proxies = await runMeasure(measure, kinds, {
      backends: backends.ports,
      rounds,
      share,
      progress,
    });
    results.push({ measure, proxies });
    for (const line of formatMeasure({ measure, proxies })) console.log(line);
  }
  console.log(`\n${formatSummary(results).join("\n")}`);
  console.log(`\n${formatGoals(results).join("\n")}`);
  writePlots(options, { results, machine });
  console.log(`\n${Math.round((performance.now() - startedMs) / 1_000)} s`);
  const failed = results.some(({ proxies }) =>
    proxies.some(({ failure }) => failure !== undefined)
  );
  return failed ? 1 : 0;
}

function writePlots(
  { plot, plotOffload }: BenchOptions,
  shown: { results: readonly MeasureResult[]; machine: readonly string[] },
): void {
  if (plot !== undefined) Deno.writeTextFileSync(plot, plotResults("passthrough", shown));
  if (plotOffload !== undefined) Deno.writeTextFileSync(plotOffload, plotResults("offload", shown));
}

/** Peers that are not installed are left out; the line of versions says which. */
function chooseProxies({ engine }: BenchOptions, certificate: SharedCertificate): ProxyKind[] {
  const isThere = (name: string) => findInstalled(name) !== undefined;
  const portable = posternProxy({
    name: "portable",
    planes: ["passthrough"],
    engine: "portable",
    tableHosts: 0,
    certificate,
  });
  const startOf = (name: string, engineName: string) =>
    posternProxy({
      name,
      planes: ["start"],
      engine: engineName,
      tableHosts: 0,
      hasOffload: false,
      certificate,
    });
  return [
    nginxProxy(certificate),
    ...(isThere("haproxy") ? [haproxyProxy, haproxyOffloadProxy(certificate)] : []),
    ...(isThere("caddy") ? [caddyProxy(certificate)] : []),
    ...(engine === "portable" ? [] : [portable, startOf("portable", "portable")]),
    startOf("postern", engine),
    posternProxy({
      name: "postern",
      planes: ["passthrough", "offload", "table"],
      engine,
      tableHosts: 10,
      certificate,
    }),
    posternProxy({
      name: "postern-100k",
      planes: ["table", "update"],
      engine,
      tableHosts: 100_000,
      certificate,
    }),
  ];
}
