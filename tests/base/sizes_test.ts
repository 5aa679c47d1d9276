import assert from "node:assert/strict";
import { parseSize } from "../../lib/base/sizes.ts";

const SIZES: readonly [text: string, bytes: number | undefined][] = [
  ["0B", 0],
  ["1b", 1],
  ["10MB", 10_000_000],
  ["10 MB", 10_000_000],
  [" 10mb ", 10_000_000],
  ["16KiB", 16_384],
  ["16kib", 16_384],
  ["1.5GiB", 1_610_612_736],
  ["2GB", 2_000_000_000],
  ["1TB", 1_000_000_000_000],
  ["1TiB", 1_099_511_627_776],
  ["0.4B", 0],
  ["", undefined],
  ["10", undefined],
  ["10M", undefined],
  ["MB", undefined],
  ["-1MB", undefined],
  ["1e3MB", undefined],
  ["10 M B", undefined],
  ["1constructor", undefined],
  ["9007199254740993B", undefined],
  [`${"9".repeat(400)}B`, undefined],
];

for (const [text, bytes] of SIZES) {
  Deno.test(`parseSize: ${JSON.stringify(text.slice(0, 20))} is ${bytes ?? "no size"}`, () => {
    assert.equal(parseSize(text), bytes);
  });
}
