/**
 * A program: a relay with one worker and as many hops as its argument says, all open at once. It looks
 * each of them up in the address book, as a terminator would, and prints a line of JSON, see
 * {@linkcode HopCount}.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { HopKey } from "../../../lib/hop/address_book.ts";
import { HOP_CAPACITY } from "../../../lib/base/limits.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { startProcess } from "../../support/process.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { makePlan } from "../suite/fixture.ts";
import { LiveEngine } from "./live_engine.ts";

const LOAD = fileURLToPath(new URL("./hop_load.ts", import.meta.url));

/** Enough for 40,000 on a busy machine. */
const PATIENCE_MS = 60_000;

/** What was found. */
export interface HopCount {
  /** Hops that the terminator saw. */
  readonly seen: number;
  /** Those of them whose client the book knew, and knew right. */
  readonly known: number;
  /** Hops with one part of their key changed that the book took for real. */
  readonly forged: number;
  /** Connections that were open in the engine, and entries in the book. */
  readonly open: number;
  readonly booked: number;
  /** Source addresses and ports that the hops had. */
  readonly sourceIps: number;
  readonly sourcePorts: number;
  /** Dials that met with an entry of the book. */
  readonly conflicts: number;
  /** Entries after the engine has ended. */
  readonly left: number;
}

if (import.meta.main) console.log(JSON.stringify(await check(Number(Deno.args[0]))));

async function check(count: number): Promise<HopCount> {
  using folder = makeTempFolder("postern-hops-");
  const file = `${folder.path}/hops`;
  const sinkPort = Promise.withResolvers<number>();
  const plan = makePlan([{ hosts: ["*.example"], mode: "offload" }]);
  const options = { terminatorPort: sinkPort.promise, hops: HOP_CAPACITY };
  const live = new LiveEngine(plan, options);
  const found = await (async () => {
    await using _engine = live;
    const args = ["run", "--quiet", "--no-check", "--allow-ffi", `--allow-write=${folder.path}`];
    const words = [...args, LOAD, String(live.port), String(count), file];
    await using load = await startProcess(Deno.execPath(), words);
    const [, sink] = await load.waitForLine(/sink (\d+)/, PATIENCE_MS);
    sinkPort.resolve(Number(sink));
    await load.waitForLine(/open/, PATIENCE_MS);
    return lookUp(live, Deno.readTextFileSync(file), Number(sink));
  })();
  return { ...found, left: live.book.totals().open };
}

function lookUp(live: LiveEngine, hops: string, listenerPort: number): Omit<HopCount, "left"> {
  const lines = hops.split("\n").map((line) => line.split(" "));
  const isKnown = ([sourceIp, sourcePort, ip, port]: string[]) => {
    const found = find(live, { sourceIp, sourcePort: Number(sourcePort), listenerPort });
    return found?.ip === ip && found.port === Number(port);
  };
  const isForged = ([sourceIp, sourcePort]: string[]) =>
    [
      { sourceIp: "127.0.0.2", sourcePort: Number(sourcePort), listenerPort },
      { sourceIp, sourcePort: Number(sourcePort), listenerPort: listenerPort + 1 },
    ].some((key) => find(live, key) !== undefined);
  return {
    seen: lines.length,
    known: lines.filter(isKnown).length,
    forged: lines.filter(isForged).length,
    open: live.engine.open,
    booked: live.book.totals().open,
    sourceIps: new Set(lines.map(([sourceIp]) => sourceIp)).size,
    sourcePorts: new Set(lines.map(([, sourcePort]) => sourcePort)).size,
    conflicts: live.counters.get("hop_conflict"),
  };
}

function find(live: LiveEngine, key: HopKey) {
  return live.book.find(key, systemClock.monotonic())?.client;
}
