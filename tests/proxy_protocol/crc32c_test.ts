import assert from "node:assert/strict";
import { crc32c } from "../../lib/proxy_protocol/crc32c.ts";

/** The check value of the algorithm, and RFC 3720 §B.4. */
const CASES: [string, Uint8Array, number][] = [
  ["nothing", new Uint8Array(0), 0],
  ["the digits 1 to 9", new TextEncoder().encode("123456789"), 0xe3069283],
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["0 to 31", Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
];

Deno.test("crc32c gives the published values", () => {
  for (const [what, bytes, expected] of CASES) assert.equal(crc32c(bytes), expected, what);
});
