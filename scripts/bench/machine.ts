/**
 * On what and with what was measured: figures mean nothing without it. Does I/O.
 *
 * @module
 */
import { findInstalled } from "../../tests/support/installed.ts";
import { runToEnd } from "./run_to_end.ts";
import { countCpus, findCpuModel, findVersion } from "./versions.ts";

/** Programs whose versions are printed, with what makes them say it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  nginx: "-v",
  haproxy: "-v",
  caddy: "version",
  h2load: "--version",
};

/** Returns lines that describe processor, kernel, what else the machine does, and versions. */
export async function describeMachine(): Promise<string[]> {
  const cpuinfo = await runToEnd("cat", ["/proc/cpuinfo"]);
  // Without the suffix of a distribution's build, which only its users understand.
  const kernel = (await runToEnd("uname", ["-srm"])).trim().replace(/(\d+(?:\.\d+)+)\S*/, "$1");
  const versions = await Promise.all(Object.keys(PROGRAMS).map(describeProgram));
  const [load] = (await runToEnd("cat", ["/proc/loadavg"])).split(" ");
  return [
    `machine   ${countCpus(cpuinfo)} x ${findCpuModel(cpuinfo)}, ${kernel}`,
    // Work beside it takes caches and cores away: every proxy then needs more CPU for the same.
    `load      ${load} in the minute before; the larger, the larger are all figures`,
    `versions  ${[`deno ${Deno.version.deno}`, ...versions].join(", ")}`,
  ];
}

async function describeProgram(name: string): Promise<string> {
  const path = findInstalled(name);
  if (path === undefined) return `${name} not installed`;
  const { stdout, stderr } = await new Deno.Command(path, { args: [PROGRAMS[name]] }).output();
  // nginx answers on standard error.
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return `${name} ${findVersion(out + err)}`;
}
