import assert from "node:assert/strict";
import { parseRetryAfter } from "../../lib/acme/retry_after.ts";

const NOW = Date.UTC(2026, 10, 21, 12);

for (
  const [value, expected] of [
    [null, undefined],
    ["0", 0],
    ["120", 120_000],
    ["Sat, 21 Nov 2026 12:01:00 GMT", 60_000],
    ["Saturday, 21-Nov-26 12:01:00 GMT", 60_000],
    ["Sat, 21 Nov 2026 11:00:00 GMT", 0],
    ["", undefined],
    ["-5", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    ["soon", undefined],
    ["99999999999999999999", undefined],
    ["2026-11-21T12:01:00Z", undefined],
    ["Sat, nonsense", undefined],
  ] as const
) {
  Deno.test(`parseRetryAfter of ${JSON.stringify(value)} is ${expected}`, () => {
    assert.equal(parseRetryAfter(value, NOW), expected);
  });
}
