import assert from "node:assert/strict";
import { ERROR_CODE, Http2Error } from "../../lib/http/http2/error_codes.ts";
import { FieldDecoder } from "../../lib/http/http2/hpack/field_decoder.ts";
import type { HeaderLine } from "../../lib/http/message.ts";
import { encodeInteger, type RawField } from "../support/http2_frames.ts";
import { Random } from "../support/random.ts";
import { RandomEncoder, SlowDecoder } from "../support/slow_hpack.ts";

const SEED = 75_419_113;

const NAMES = [":path", ":method", "cookie", "user-agent", "x-a", "x-b", "X-Odd", "", "n\xff"];

const LIMITS = { listBytesMax: 3_000, fieldsMax: 12 };

/** One of few, so that they repeat, or long, so that others have to go. */
function makeField(random: Random): RawField {
  const name = random.pick(NAMES);
  const length = random.below(random.pick([2, 2, 30, 30, 30, 200, 5_000]));
  if (random.below(3) > 0) return [name, `${random.below(5)}`.repeat(length % 40)];
  return [name, String.fromCharCode(...random.bytes(length))];
}

function makeFields(random: Random): RawField[] {
  return Array.from({ length: random.below(random.pick([3, 8, 16])) }, () => makeField(random));
}

/** What a decoder has made of a block; an error ends the connection. */
type Outcome =
  | { readonly kind: "fields"; readonly fields: readonly HeaderLine[] }
  | { readonly kind: "over" }
  | { readonly kind: "error" };

function decode(decoder: FieldDecoder, block: Uint8Array): Outcome {
  try {
    const fields = decoder.decode(block);
    return fields === undefined ? { kind: "over" } : { kind: "fields", fields };
  } catch (error) {
    assert.ok(error instanceof Http2Error, `${error}`);
    assert.equal(error.code, ERROR_CODE.compressionError);
    return { kind: "error" };
  }
}

function decodeSlowly(decoder: SlowDecoder, block: Uint8Array): Outcome {
  let fields: RawField[];
  try {
    fields = decoder.decode(block);
  } catch {
    return { kind: "error" };
  }
  const bytes = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  const isOver = bytes > LIMITS.listBytesMax || fields.length > LIMITS.fieldsMax;
  return isOver ? { kind: "over" } : { kind: "fields", fields };
}

/** Asks for every entry of the dynamic table, which is as the RFC says, and for one beyond it. */
function expectTable(decoder: FieldDecoder, { entries, bytes }: SlowDecoder["table"]): void {
  assert.ok(bytes <= 4096 && entries.length <= 128);
  for (const [age, entry] of entries.entries()) {
    const found = decode(decoder, Uint8Array.from(encodeInteger(62 + age, 7, 0x80)));
    if (entry[0].length + entry[1].length + 32 > LIMITS.listBytesMax) continue;
    assert.deepEqual(found, { kind: "fields", fields: [entry] });
  }
  const beyond = Uint8Array.from(encodeInteger(62 + entries.length, 7, 0x80));
  assert.deepEqual(decode(decoder, beyond), { kind: "error" });
}

Deno.test(`HPACK: blocks of every kind are decoded as a slow decoder does, with its table, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const counts = { fields: 0, over: 0, error: 0 };
  for (let run = 0; run < 60; run++) {
    const tableBytesMax = random.pick([0, 64, 500, 4096, 4096]);
    const encoder = new RandomEncoder(random, tableBytesMax);
    const decoder = new FieldDecoder({ tableBytesMax, ...LIMITS });
    const slow = new SlowDecoder(tableBytesMax);
    for (let round = 0; round < 30; round++) {
      const fields = makeFields(random);
      const block = encoder.encode(fields);
      const outcome = decode(decoder, block);
      assert.deepEqual(outcome, decodeSlowly(slow, block));
      if (outcome.kind === "fields") assert.deepEqual(outcome.fields, fields);
      counts[outcome.kind]++;
      if (round % 10 === 9) expectTable(decoder, slow.table);
    }
  }
  assert.ok(
    counts.error === 0 && counts.over > 100 && counts.fields > 500,
    JSON.stringify(counts),
  );
});

/** Changes bytes, takes some away, repeats some, or puts others in. */
function damage(block: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = [...block];
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(bytes.length + 1);
    switch (random.below(5)) {
      case 0:
        bytes[Math.min(at, bytes.length - 1)] ^= 1 << random.below(8);
        break;
      case 1:
        bytes.splice(at, 1 + random.below(4));
        break;
      case 2:
        bytes.splice(at, 0, ...random.bytes(1 + random.below(4)));
        break;
      case 3:
        bytes.length = Math.min(at, bytes.length);
        break;
      default:
        bytes.splice(at, 0, ...bytes.slice(at, at + random.below(20)));
    }
  }
  return Uint8Array.from(bytes);
}

Deno.test(`HPACK: damaged blocks give what a slow decoder gives, or COMPRESSION_ERROR, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const counts = { fields: 0, over: 0, error: 0 };
  for (let run = 0; run < 500; run++) {
    const encoder = new RandomEncoder(random, 4096);
    const decoder = new FieldDecoder({ tableBytesMax: 4096, ...LIMITS });
    const slow = new SlowDecoder(4096);
    for (let round = 0; round < 12; round++) {
      const block = encoder.encode(makeFields(random));
      const sent = round > 2 && block.length > 0 ? damage(block, random) : block;
      const outcome = decode(decoder, sent);
      assert.deepEqual(outcome, decodeSlowly(slow, sent), sent.toHex());
      counts[outcome.kind]++;
      if (outcome.kind === "error") break;
      if (round % 4 === 3) expectTable(decoder, slow.table);
    }
  }
  for (const count of Object.values(counts)) assert.ok(count > 100, JSON.stringify(counts));
});

Deno.test(`HPACK: noise gives what a slow decoder gives, or COMPRESSION_ERROR, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const counts = { fields: 0, over: 0, error: 0 };
  for (let run = 0; run < 10_000; run++) {
    const decoder = new FieldDecoder({ tableBytesMax: 4096, ...LIMITS });
    const slow = new SlowDecoder(4096);
    const block = Uint8Array.from(
      { length: random.below(40) },
      // What is short is more often whole.
      () => random.pick([random.below(256), random.below(8), 0x40, 0x80 | random.below(64), 0x82]),
    );
    const outcome = decode(decoder, block);
    assert.deepEqual(outcome, decodeSlowly(slow, block), block.toHex());
    counts[outcome.kind]++;
  }
  assert.ok(counts.fields > 500 && counts.error > 500, JSON.stringify(counts));
});
