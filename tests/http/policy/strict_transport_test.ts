import assert from "node:assert/strict";
import type { HeaderLine } from "../../../lib/http/message.ts";
import {
  formatStrictTransport,
  sendStrictTransport,
} from "../../../lib/http/policy/strict_transport.ts";
import { makeAnswer, makeExchange } from "../../support/exchanges.ts";

const HSTS = { maxAgeSeconds: 31_536_000, includeSubdomains: false, preload: false };

const VALUES: readonly [fields: Partial<typeof HSTS>, value: string][] = [
  [{}, "max-age=31536000"],
  [{ maxAgeSeconds: 0 }, "max-age=0"],
  [{ includeSubdomains: true }, "max-age=31536000; includeSubDomains"],
  [{ includeSubdomains: true, preload: true }, "max-age=31536000; includeSubDomains; preload"],
];

for (const [fields, value] of VALUES) {
  Deno.test(`formatStrictTransport: RFC 6797 §6.1, ${value}`, () => {
    assert.equal(formatStrictTransport({ ...HSTS, ...fields }), value);
  });
}

const OTHERS: readonly HeaderLine[] = [["Server", "x"], ["Strict-Transport", "no"]];
const THEIRS: readonly HeaderLine[] = [
  ["strict-transport-security", "max-age=1"],
  ["Strict-Transport-Security", "max-age=2; includeSubDomains"],
];

const ANSWERS: readonly [why: string, scheme: "https" | "http", lines: readonly HeaderLine[]][] = [
  ["RFC 6797 §7.1, over https one line is sent", "https", [
    ...OTHERS,
    ["Strict-Transport-Security", "max-age=31536000"],
  ]],
  ["RFC 6797 §7.2, over http none is", "http", OTHERS],
];

for (const [why, scheme, lines] of ANSWERS) {
  Deno.test(`sendStrictTransport: ${why}, whatever the server said`, async () => {
    for (const headers of [OTHERS, [...THEIRS, ...OTHERS]]) {
      const next = () => Promise.resolve(makeAnswer(404, headers));
      const answer = await sendStrictTransport(HSTS)(makeExchange({ scheme }), next);
      assert.deepEqual(answer.headers, lines);
      assert.equal(answer.status, 404);
    }
  });
}
