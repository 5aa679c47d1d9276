import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import {
  parseChildren,
  parseCpuMs,
  parseProportionalKib,
  parseResidentKib,
} from "../../../scripts/bench/proc_stat.ts";

/** Fields from 3 (state) to 20, utime 250 and stime 31 ticks among them. */
const FIELDS = "S 1 812 812 0 -1 4194560 9000 7 1 0 250 31 40 50 20 0 5";

const STATS: readonly [name: string, stat: string, cpuMs: number][] = [
  ["a plain name", `812 (nginx) ${FIELDS}`, 2810],
  ["a name with a space", `812 (my proxy) ${FIELDS}`, 2810],
  ["a name with parentheses", `812 (a) S 1 (b) ${FIELDS}`, 2810],
];

for (const [name, stat, cpuMs] of STATS) {
  Deno.test(`parseCpuMs: adds user and kernel time, with ${name}`, () => {
    strictEqual(parseCpuMs(stat), cpuMs);
  });
}

for (const text of ["", "812 (nginx)", "no such file", "812 (nginx) S 1 2 3"]) {
  Deno.test(`parseCpuMs: refuses ${JSON.stringify(text)}`, () => {
    throws(() => parseCpuMs(text), /Not the text/);
  });
}

const CHILDREN: readonly [text: string, pids: number[]][] = [
  ["", []],
  ["\n", []],
  ["12 ", [12]],
  ["12 4194304 \n", [12, 4194304]],
];

for (const [text, pids] of CHILDREN) {
  Deno.test(`parseChildren: reads ${JSON.stringify(text)}`, () => {
    deepStrictEqual(parseChildren(text), pids);
  });
}

Deno.test("parseProportionalKib: takes Pss without what is a file's", () => {
  const smaps =
    "5581c0000000-7ffd0 ---p [rollup]\nRss:  9000 kB\nPss:    8123 kB\nPss_Anon: 7 kB\nPss_File: 123 kB\n";
  strictEqual(parseProportionalKib(smaps), 8000);
  throws(() => parseProportionalKib("Rss: 1 kB\nPss_Anon: 7 kB\n"), /Pss is missing/);
  throws(() => parseProportionalKib("Pss: 1 kB\nPss_Anon: 7 kB\n"), /Pss_File is missing/);
});

Deno.test("parseResidentKib: takes VmRSS and neither its peak nor its parts", () => {
  const status = "Name:\tdeno\nVmHWM:\t  9000 kB\nVmRSS:\t    8123 kB\nRssAnon:\t 7000 kB\n";
  strictEqual(parseResidentKib(status), 8123);
});

Deno.test("parseResidentKib: refuses a kernel thread, which has no memory", () => {
  throws(() => parseResidentKib("Name:\tkthreadd\nThreads:\t1\n"), /VmRSS is missing/);
});
