import { deepStrictEqual, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { SPLICE_DESCRIPTORS_LEFT_MAX } from "../../../lib/base/limits.ts";
import { NetworkNamespace } from "../../support/network_namespace.ts";
import { startProcess } from "../../support/process.ts";
import { readDescriptorLimit } from "../../support/process_usage.ts";
import type { HopCount } from "./hop_check.ts";
import { whyNoSplice } from "./live_engine.ts";

const CHECK = fileURLToPath(new URL("./hop_check.ts", import.meta.url));

/** More than the 28,232 ports that the kernel gives to one source address. */
const HOPS_WANTED = 40_000;

/** Source ports in the namespace, and several times as many hops. */
const PORTS = 1_000;
const HOPS_OF_FEW_PORTS_WANTED = 5_000;

/** As many clients as the load has of one address. */
const HOPS_OF_ONE_IP = 256;

/** A process may raise its limit so far by itself; both processes take two descriptors per hop. */
const descriptors = whyNoSplice === undefined ? readDescriptorLimit() : 0;
const room = Math.floor((descriptors - 2 * SPLICE_DESCRIPTORS_LEFT_MAX) / 2);
const hops = Math.min(HOPS_WANTED, room);
const hopsOfFewPorts = Math.min(HOPS_OF_FEW_PORTS_WANTED, room);
const ceiling = hops < HOPS_WANTED ? `, as many as ${descriptors} descriptors allow` : "";

const whyNoNamespace = await NetworkNamespace.whyNot();

Deno.test({
  name: `many_hops: ${hops} at once${ceiling}, each found by its whole key and by no other${
    skipped(whyNoSplice)
  }`,
  ignore: whyNoSplice !== undefined,
  fn: async () => assertAllKnown(await countHops(hops), hops),
});

Deno.test({
  name: `many_hops: ${hopsOfFewPorts} at once where a source address has ${PORTS} ports${
    skipped(whyNoSplice ?? whyNoNamespace)
  }`,
  ignore: whyNoSplice !== undefined || whyNoNamespace !== undefined,
  fn: async () => {
    await using namespace = await NetworkNamespace.open();
    const range = "/proc/sys/net/ipv4/ip_local_port_range";
    const script = `echo "40000 ${40_000 + PORTS - 1}" > ${range}`;
    const { success, err } = await namespace.run(["sh", "-c", script]);
    ok(success, err);
    const count = await countHops(hopsOfFewPorts, namespace.inside([]));
    assertAllKnown(count, hopsOfFewPorts);
    ok(count.sourcePorts <= PORTS, `${count.sourcePorts} source ports`);
  },
});

Deno.test({
  name: `many_hops: ${HOPS_OF_ONE_IP} at once where loopback has one address${
    skipped(whyNoSplice ?? whyNoNamespace)
  }`,
  ignore: whyNoSplice !== undefined || whyNoNamespace !== undefined,
  fn: async () => {
    await using namespace = await NetworkNamespace.open();
    await namespace.ip("address del 127.0.0.1/8 dev lo");
    await namespace.ip("address add 127.0.0.1/32 dev lo");
    const { sourceIps, known } = await countHops(HOPS_OF_ONE_IP, namespace.inside([]));
    deepStrictEqual({ sourceIps, known }, { sourceIps: 1, known: HOPS_OF_ONE_IP });
  },
});

/** @param startedBy Words that start a program in other surroundings. */
async function countHops(count: number, startedBy: readonly string[] = []): Promise<HopCount> {
  const script = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';
  const deno = [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all"];
  const words = [...startedBy, "sh", "-c", script, "sh", ...deno, CHECK, String(count)];
  const [program, ...args] = words;
  await using process = await startProcess(program, args);
  const [line] = await process.waitForLine(/^\{.*\}$/, 90_000);
  return JSON.parse(line);
}

function assertAllKnown(count: HopCount, hops: number): void {
  const { sourceIps, sourcePorts: _, conflicts, ...rest } = count;
  const all = { seen: hops, known: hops, open: hops, booked: hops };
  deepStrictEqual(rest, { ...all, forged: 0, left: 0 });
  ok(sourceIps >= hops / 4, `${sourceIps} source addresses`);
  ok(conflicts <= hops / 100, `${conflicts} dials met with an entry`);
}

function skipped(reason: string | undefined): string {
  return reason === undefined ? "" : ` (skipped: ${reason})`;
}
