import { strictEqual } from "node:assert/strict";
import { countCpus, findCpuModel, findVersion } from "../../../scripts/bench/versions.ts";

const VERSIONS: readonly [text: string, version: string][] = [
  ["nginx version: nginx/1.22.1\n", "1.22.1"],
  ["HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/", "2.6.12"],
  ["h2load nghttp2/1.52.0", "1.52.0"],
  ["v2.6.2", "2.6.2"],
  ["no number here", "unknown"],
];

for (const [text, version] of VERSIONS) {
  Deno.test(`findVersion: ${JSON.stringify(text.trim())} is ${version}`, () => {
    strictEqual(findVersion(text), version);
  });
}

/** A small part of what an x86-64 machine and a Raspberry Pi say. */
const CPUINFO = {
  x86: "processor\t: 0\nmodel name\t: AMD EPYC\nprocessor\t: 1\nmodel name\t: AMD EPYC\n",
  pi: "processor\t: 0\nCPU part\t: 0xd08\n\nRevision\t: c03114\nModel\t\t: Raspberry Pi 4\n",
  other: "processor\t: 0\nBogoMIPS\t: 48.00\n",
};

Deno.test("findCpuModel: names the processor or the board", () => {
  strictEqual(findCpuModel(CPUINFO.x86), "AMD EPYC");
  strictEqual(findCpuModel(CPUINFO.pi), "Raspberry Pi 4");
  strictEqual(findCpuModel(CPUINFO.other), "unknown processor");
});

Deno.test("countCpus: counts processors, not lines that mention them", () => {
  strictEqual(countCpus(CPUINFO.x86), 2);
  strictEqual(countCpus(CPUINFO.pi), 1);
  strictEqual(countCpus(""), 0);
});
