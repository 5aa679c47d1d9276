import assert from "node:assert/strict";
import { DynamicTable, fieldBytes } from "../../../../lib/http/http2/hpack/dynamic_table.ts";
import type { HeaderLine } from "../../../../lib/http/message.ts";
import { Random } from "../../../support/random.ts";
import { SlowTable } from "../../../support/slow_hpack.ts";

function entriesOf(table: DynamicTable): HeaderLine[] {
  return Array.from({ length: table.count }, (_, age) => table.get(age)!);
}

Deno.test("fieldBytes: RFC 7541 §4.1, the text and 32", () => {
  assert.equal(fieldBytes(["custom-key", "custom-header"]), 55);
  assert.equal(fieldBytes(["", ""]), 32);
});

Deno.test("DynamicTable: the newest comes first, and the very line that was added", () => {
  const table = new DynamicTable(4096);
  const lines = Array.from({ length: 100 }, (_, at): HeaderLine => ["x", `${at}`]);
  for (const line of lines) table.add(line);
  assert.equal(table.count, 100);
  for (let age = 0; age < 100; age++) assert.equal(table.get(age), lines[99 - age]);
  assert.equal(table.get(100), undefined);
});

Deno.test("DynamicTable: RFC 7541 §4.4, as many are evicted as have to be", () => {
  const table = new DynamicTable(100);
  table.add(["a", "1"]);
  table.add(["b", "2"]);
  assert.equal(table.bytes, 68);
  table.add(["c", "3"]);
  assert.deepEqual(entriesOf(table), [["c", "3"], ["b", "2"]]);
  table.add(["d", "x".repeat(67)]);
  assert.deepEqual([table.count, table.bytes], [1, 100]);
  table.add(["e", "x".repeat(68)]);
  assert.deepEqual([table.count, table.bytes, table.get(0)], [0, 0, undefined]);
  table.add(["f", ""]);
  assert.deepEqual(entriesOf(table), [["f", ""]]);
});

Deno.test("DynamicTable: RFC 7541 §4.3, another size evicts, and a larger one brings nothing back", () => {
  const table = new DynamicTable(4096);
  for (let at = 0; at < 10; at++) table.add(["x", `${at}`]);
  table.setBytesMax(3 * 34);
  assert.deepEqual(entriesOf(table), [["x", "9"], ["x", "8"], ["x", "7"]]);
  table.setBytesMax(0);
  table.setBytesMax(4096);
  assert.equal(table.count, 0);
  table.add(["y", ""]);
  assert.deepEqual(entriesOf(table), [["y", ""]]);
});

const SEED = 2_336;
Deno.test(`DynamicTable: is as an array would be, seed ${SEED}`, () => {
  const random = new Random(SEED);
  for (let run = 0; run < 50; run++) {
    const bytesMax = random.below(1_500);
    const table = new DynamicTable(bytesMax);
    const slow = new SlowTable(bytesMax);
    for (let round = 0; round < 200; round++) {
      if (random.below(20) === 0) {
        slow.bytesMax = random.below(1_500);
        slow.evict();
        table.setBytesMax(slow.bytesMax);
      } else {
        const line: HeaderLine = ["n".repeat(random.below(20)), `${round}`];
        slow.add(line);
        table.add(line);
      }
      assert.deepEqual(entriesOf(table), slow.entries);
      assert.equal(table.bytes, slow.bytes);
    }
  }
});
