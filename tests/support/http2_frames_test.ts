import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { decodeStatus, encodeFields, encodeRawFrame } from "./http2_frames.ts";

const STATUSES: readonly [hex: string, status: number | undefined][] = [
  ["88", 200],
  ["8d", 404],
  // RFC 7541 §C.5.1, §C.6.1 and §C.6.2.
  ["4803333032", 302],
  ["48826402", 302],
  ["4883640eff", 307],
  // Without indexing, and never indexed.
  ["0803343231", 421],
  ["1803343231", 421],
  // Behind a change of the table's size.
  ["2088", 200],
  ["3fe11f8c", 400],
  // A trailer.
  ["0001780131", undefined],
];

for (const [hex, status] of STATUSES) {
  Deno.test(`decodeStatus: ${hex} is ${status}`, () => {
    strictEqual(decodeStatus(Uint8Array.fromHex(hex)), status);
  });
}

Deno.test("encodeFields: literals with literal names, lengths of more than one byte", () => {
  deepStrictEqual(encodeFields([["a", "bc"]]), [0, 1, 0x61, 2, 0x62, 0x63]);
  // RFC 7541 §C.1.2, with a prefix of 7 bits.
  deepStrictEqual(encodeFields([["a", "b".repeat(1_337)]]).slice(3, 6), [127, 0xba, 0x09]);
});

Deno.test("encodeRawFrame: length, type, flags and stream", () => {
  const frame = encodeRawFrame({ type: 1, flags: 5, stream: 3 }, [7, 8]);
  deepStrictEqual([...frame], [0, 0, 2, 1, 5, 0, 0, 0, 3, 7, 8]);
});
