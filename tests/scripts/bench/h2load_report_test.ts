import { deepStrictEqual, throws } from "node:assert/strict";
import { parseH2loadReport } from "../../../scripts/bench/h2load_report.ts";

/** h2load 1.52.0, as it came. */
const OUTPUT = `starting benchmark...
spawning thread #0: 2 total client(s). 4 total requests
TLS Protocol: TLSv1.3
Cipher: TLS_AES_256_GCM_SHA384
Server Temp Key: X25519 253 bits
Application protocol: h2
progress: 25% done
progress: 100% done

finished in 3.21ms, 1246.88 req/s, 250.98KB/s
requests: 4 total, 4 started, 4 done, 3 succeeded, 1 failed, 0 errored, 0 timeout
status codes: 3 2xx, 0 3xx, 0 4xx, 1 5xx
traffic: 824B (824) total, 376B (376) headers (space savings 24.80%), 60B (60) data
                     min         max         mean         sd        +/- sd
time for request:      352us       962us       661us       330us   100.00%
time for connect:     1.46ms      1.83ms      1.64ms       260us   100.00%
`;

Deno.test("parseH2loadReport: tells answers that succeeded from those that failed", () => {
  deepStrictEqual(parseH2loadReport(OUTPUT), {
    requestsSucceeded: 3,
    answers2xx: 3,
    requestsPerSecond: 1246.88,
    applicationProtocol: "h2",
    cipher: "TLSv1.3 TLS_AES_256_GCM_SHA384",
  });
});

Deno.test("parseH2loadReport: does without TLS", () => {
  const plain = OUTPUT.split("\n").filter((line) => !/^(?:TLS|Cipher|Appl)/.test(line)).join("\n");
  const { applicationProtocol, cipher } = parseH2loadReport(plain);
  deepStrictEqual({ applicationProtocol, cipher }, {
    applicationProtocol: undefined,
    cipher: undefined,
  });
});

const UNFINISHED: readonly [name: string, output: string][] = [
  ["nothing", ""],
  ["an end in the middle", OUTPUT.slice(0, OUTPUT.indexOf("finished"))],
  ["no statuses", OUTPUT.slice(0, OUTPUT.indexOf("status codes"))],
];

for (const [name, output] of UNFINISHED) {
  Deno.test(`parseH2loadReport: refuses ${name}`, () => {
    throws(() => parseH2loadReport(output), /did not finish/);
  });
}
