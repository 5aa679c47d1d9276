import assert from "node:assert/strict";
import { EncoderTable, type Entry } from "../../../../lib/http/http2/hpack/encoder_table.ts";
import { Random } from "../../../support/random.ts";
import { SlowTable } from "../../../support/slow_hpack.ts";

/** All values of a name that are found, newest first, with the index of each. */
function valuesOf(table: EncoderTable, name: string): [string, number][] {
  const values: [string, number][] = [];
  let entry: Entry | undefined = table.newestOf(name);
  for (; entry !== undefined; entry = entry.older) {
    values.push([entry.value, table.indexOf(entry)]);
  }
  return values;
}

Deno.test("EncoderTable: finds what was added, and the index it has now", () => {
  const table = new EncoderTable(4096);
  table.add("a", "1");
  table.add("b", "1");
  table.add("a", "2");
  assert.deepEqual(valuesOf(table, "a"), [["2", 62], ["1", 64]]);
  assert.deepEqual(valuesOf(table, "b"), [["1", 63]]);
  assert.deepEqual(valuesOf(table, "c"), []);
  assert.equal(table.bytes, 102);
});

Deno.test("EncoderTable: what is evicted is found no more, nor reached from newer ones", () => {
  const table = new EncoderTable(3 * 34);
  for (const [name, value] of [["a", "1"], ["a", "2"], ["b", "1"], ["a", "3"]]) {
    table.add(name, value);
  }
  assert.deepEqual(valuesOf(table, "a"), [["3", 62], ["2", 64]]);
  table.add("c", "1");
  table.add("c", "2");
  assert.deepEqual(valuesOf(table, "b"), []);
  assert.deepEqual(valuesOf(table, "a"), [["3", 64]]);
  table.setBytesMax(0);
  assert.deepEqual([valuesOf(table, "a"), valuesOf(table, "c"), table.bytes], [[], [], 0]);
  table.setBytesMax(100);
  table.add("d", "1");
  assert.deepEqual(valuesOf(table, "d"), [["1", 62]]);
});

Deno.test("EncoderTable: takes eight values of a name, and no field of more than half of it", () => {
  const table = new EncoderTable(4096);
  for (let at = 0; at < 8; at++) {
    assert.equal(table.admits("x", `${at}`, table.newestOf("x")), true);
    table.add("x", `${at}`);
  }
  assert.equal(table.admits("x", "8", table.newestOf("x")), false);
  assert.equal(table.admits("y", "8", table.newestOf("y")), true);
  assert.equal(table.admits("y", "8".repeat(2048 - 33), undefined), true);
  assert.equal(table.admits("y", "8".repeat(2048 - 32), undefined), false);
  table.setBytesMax(0);
  assert.equal(table.admits("y", "", undefined), false);
});

const SEED = 5_541;
Deno.test(`EncoderTable: is as an array would be, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const names = ["a", "b", "cc", "ddd", "eeee"];
  for (let run = 0; run < 30; run++) {
    const table = new EncoderTable(1_000);
    const slow = new SlowTable(1_000);
    for (let round = 0; round < 300; round++) {
      if (random.below(20) === 0) {
        slow.bytesMax = random.below(1_000);
        slow.evict();
        table.setBytesMax(slow.bytesMax);
      }
      const [name, value] = [random.pick(names), `${round}`.repeat(random.below(9))];
      if (table.admits(name, value, table.newestOf(name))) {
        table.add(name, value);
        slow.add([name, value]);
      }
      for (const each of names) {
        const found = slow.entries.flatMap(([name, value], age) =>
          name === each ? [[value, 62 + age]] : []
        );
        assert.deepEqual(valuesOf(table, each), found);
      }
      assert.equal(table.bytes, slow.bytes);
    }
  }
});
