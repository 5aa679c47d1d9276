import assert from "node:assert/strict";
import { allocateRing, ReportReader, ReportWriter } from "../../../lib/relay/splice/report_ring.ts";
import { Random } from "../../support/random.ts";

const SEED = 11;

Deno.test("report_ring: what is written is read, in order and unchanged", () => {
  const memory = allocateRing(256);
  const [writer, reader] = [new ReportWriter(memory), new ReportReader(memory)];
  writer.begin(7, 100);
  writer.int(-5);
  writer.float(2 ** 40 + 0.5);
  writer.raw(Uint8Array.of(9, 8, 7), 1, 2);
  writer.latin1("caf\u00e9");
  writer.end();
  assert.equal(reader.next(), 7);
  assert.equal(reader.int(), -5);
  assert.equal(reader.float(), 2 ** 40 + 0.5);
  assert.deepEqual(reader.raw(2), Uint8Array.of(8, 7));
  assert.equal(reader.latin1(), "caf\u00e9");
  reader.done();
  assert.equal(reader.next(), undefined);
  assert.equal(writer.waiting, 0);
});

Deno.test("report_ring: a message that has not ended is not seen", () => {
  const memory = allocateRing(256);
  const [writer, reader] = [new ReportWriter(memory), new ReportReader(memory)];
  writer.begin(1, 4);
  writer.int(1);
  assert.equal(reader.next(), undefined);
});

Deno.test("report_ring: drops and counts what has no room, and goes on", () => {
  const memory = allocateRing(64);
  const [writer, reader] = [new ReportWriter(memory), new ReportReader(memory)];
  for (let count = 0; count < 10; count++) put(writer, count, 16);
  const seen = takeAll(reader);
  assert.deepEqual(seen, seen.map((_, index) => index));
  assert.equal(reader.takeLost(), 10 - seen.length);
  assert.equal(reader.takeLost(), 0);
  put(writer, 77, 16);
  assert.deepEqual(takeAll(reader), [77]);
});

Deno.test(`report_ring: any sizes in any order survive its end (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (const size of [64, 100, 252, 256, 1000]) {
    const memory = allocateRing(size);
    const [writer, reader] = [new ReportWriter(memory), new ReportReader(memory)];
    const written: number[] = [];
    const read: number[] = [];
    let lost = 0;
    for (let turn = 0; turn < 20_000; turn++) {
      if (random.below(2) === 0) {
        if (put(writer, turn, 4 + 4 * random.below(6))) written.push(turn);
        else lost++;
      } else {
        read.push(...takeAll(reader, random.below(4)));
      }
      assert.ok(writer.waiting >= 0 && writer.waiting < size);
    }
    read.push(...takeAll(reader));
    const dropped = reader.takeLost();
    assert.equal(dropped, lost);
    assert.deepEqual(read, written, `size ${size}`);
    assert.ok(read.length > 1000);
  }
});

/** Writes a number and fills the message up. @returns False if it was dropped. */
function put(writer: ReportWriter, value: number, bytes: number): boolean {
  const before = writer.waiting;
  writer.begin(1, bytes);
  writer.int(value);
  for (let filled = 4; filled < bytes; filled += 4) writer.int(value);
  writer.end();
  return writer.waiting !== before;
}

function takeAll(reader: ReportReader, most = Infinity): number[] {
  const values: number[] = [];
  while (values.length < most && reader.next() !== undefined) {
    values.push(reader.int());
    reader.done();
  }
  return values;
}
