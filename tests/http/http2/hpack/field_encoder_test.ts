import assert from "node:assert/strict";
import { FieldDecoder } from "../../../../lib/http/http2/hpack/field_decoder.ts";
import { FieldEncoder, FieldError } from "../../../../lib/http/http2/hpack/field_encoder.ts";
import type { HeaderLine } from "../../../../lib/http/message.ts";
import { encodeInteger, encodeText } from "../../../support/http2_frames.ts";
import { Random } from "../../../support/random.ts";
import { SlowDecoder } from "../../../support/slow_hpack.ts";

/** Encodes behind other bytes, and sees that the bound holds. */
function encode(
  encoder: FieldEncoder,
  status: number | undefined,
  fields: readonly HeaderLine[],
): number[] {
  const bytesMax = encoder.boundOf(fields);
  const target = new Uint8Array(bytesMax + 7).fill(0xee);
  const end = encoder.encode(status, fields, target, 5);
  assert.ok(end <= 5 + bytesMax, `${end - 5} bytes, ${bytesMax} at most`);
  assert.deepEqual([...target.subarray(0, 5), ...target.subarray(end, end + 2)].length, 7);
  assert.ok(target.subarray(0, 5).every((byte) => byte === 0xee));
  return [...target.subarray(5, end)];
}

const ANSWER: readonly HeaderLine[] = [
  ["server", "nginx"],
  ["content-type", "text/html"],
  ["x-frame-options", "DENY"],
];

Deno.test("FieldEncoder: what repeats is said once, and is an index from then on", () => {
  const encoder = new FieldEncoder();
  assert.deepEqual(encode(encoder, 200, ANSWER), [
    0x88,
    ...[0x76, ...encodeText("nginx")],
    ...[0x5f, ...encodeText("text/html")],
    ...[0x40, ...encodeText("x-frame-options"), ...encodeText("DENY")],
  ]);
  assert.deepEqual(encode(encoder, 200, ANSWER), [0x88, 0xc0, 0xbf, 0xbe]);
});

const STATUSES: readonly (readonly [status: number, first: number[], second: number[]])[] = [
  [200, [0x88], [0x88]],
  [204, [0x89], [0x89]],
  [206, [0x8a], [0x8a]],
  [304, [0x8b], [0x8b]],
  [400, [0x8c], [0x8c]],
  [404, [0x8d], [0x8d]],
  [500, [0x8e], [0x8e]],
  [302, [0x48, ...encodeText("302")], [0xbe]],
  [103, [0x48, ...encodeText("103")], [0xbe]],
];
for (const [status, first, second] of STATUSES) {
  Deno.test(`FieldEncoder: :status ${status} is an index, at the latest the second time`, () => {
    const encoder = new FieldEncoder();
    assert.deepEqual(encode(encoder, status, []), first);
    assert.deepEqual(encode(encoder, status, []), second);
  });
}

Deno.test("FieldEncoder: no status for trailers", () => {
  const encoder = new FieldEncoder();
  const trailers: readonly HeaderLine[] = [["content-digest", "a"]];
  const expected = [0x00, ...encodeText("content-digest"), ...encodeText("a")];
  assert.deepEqual(encode(encoder, undefined, trailers), expected);
  assert.deepEqual(encode(encoder, undefined, []), []);
});

Deno.test("FieldEncoder: what changes is not entered", () => {
  const encoder = new FieldEncoder();
  for (const name of ["date", "etag", "content-length", "last-modified", "location", "age"]) {
    const once = encode(encoder, 200, [[name, "1"]]);
    assert.equal(once[1] & 0xf0, 0x00, name);
    assert.deepEqual(encode(encoder, 200, [[name, "1"]]), once);
  }
});

Deno.test("FieldEncoder: RFC 7541 §7.1.3, cookies are never entered by anybody", () => {
  const encoder = new FieldEncoder();
  const expected = [0x1f, 55 - 15, ...encodeText("a=1")];
  for (let count = 0; count < 2; count++) {
    assert.deepEqual(encode(encoder, undefined, [["set-cookie", "a=1"]]), expected);
  }
});

Deno.test("FieldEncoder: a value that is always another one is entered a few times only", () => {
  const encoder = new FieldEncoder();
  encode(encoder, 200, ANSWER);
  for (let at = 0; at < 50; at++) encode(encoder, 200, [["x-took", `${at} ms`]]);
  const last = encode(encoder, 200, [["x-took", "50 ms"]]);
  assert.equal(last[1] & 0xf0, 0x00);
  // By now it has a name in the table.
  assert.ok(last.length < 12);
  assert.equal(encode(encoder, 200, ANSWER).length, 4);
});

const WRONG: readonly HeaderLine[] = [
  ["X-Upper", "a"],
  ["", "a"],
  ["a b", "a"],
  ["a:", "a"],
  [":path", "/"],
  [":status", "302"],
  ["n\xe9", "a"],
  ["n\u0161", "a"],
  ["x", "a\r\nb: c"],
  ["x", "a\nb"],
  ["x", "a\0"],
  ["x", "\x7f"],
  ["x", "\u0161"],
  ["date", "\n"],
  ["set-cookie", "a\r"],
  ["x", "a".repeat(3000) + "\n"],
  ["X-Upper", "a".repeat(3000)],
];
for (const wrong of WRONG) {
  const [name, value] = wrong;
  const what = JSON.stringify([name, value.slice(-9)]);
  Deno.test(`FieldEncoder: RFC 9113 §8.2.1, ${what} is an error, and nothing has changed`, () => {
    for (const before of [[], ANSWER, [["x-new", "1"] as const]]) {
      const encoder = new FieldEncoder();
      const other = new FieldEncoder();
      for (const each of [encoder, other]) encode(each, 302, ANSWER);
      assert.throws(() => encode(encoder, 302, [...ANSWER, wrong]), FieldError);
      assert.throws(() => encode(encoder, 302, [...before, wrong, ["x-c", "2"]]), FieldError);
      assert.throws(() => encode(encoder, 307, [...before, wrong]), FieldError);
      encoder.setTableBytesMax(100);
      other.setTableBytesMax(100);
      assert.throws(() => encode(encoder, 302, [...before, wrong]), FieldError);
      for (let count = 0; count < 2; count++) {
        assert.deepEqual(encode(encoder, 302, [["x", "y"]]), encode(other, 302, [["x", "y"]]));
      }
    }
  });
}

/** What is set between two blocks, and the sizes that the second one begins with. */
const SIZES: readonly (readonly [settings: readonly number[], sizes: readonly number[]])[] = [
  [[], []],
  [[4096], []],
  [[65_536], []],
  [[0], [0]],
  [[100], [100]],
  [[0, 4096], [0, 4096]],
  [[0, 65_536], [0, 4096]],
  [[100, 200], [100, 200]],
  [[200, 100], [100]],
  [[100, 50, 75], [50, 75]],
  [[100, 4096, 50, 4096], [50, 4096]],
];
for (const [settings, sizes] of SIZES) {
  Deno.test(`FieldEncoder: RFC 7541 §4.2, after settings ${settings.join(", ") || "none"}`, () => {
    const encoder = new FieldEncoder();
    for (const bytes of settings) encoder.setTableBytesMax(bytes);
    const expected = sizes.flatMap((bytes) => encodeInteger(bytes, 5, 0x20));
    assert.deepEqual(encode(encoder, 200, []), [...expected, 0x88]);
    assert.deepEqual(encode(encoder, 200, []), [0x88]);
  });
}

Deno.test("FieldEncoder: RFC 7541 §4.2, growing again is one size", () => {
  const encoder = new FieldEncoder();
  encoder.setTableBytesMax(100);
  encode(encoder, 200, []);
  encoder.setTableBytesMax(1000);
  assert.deepEqual(encode(encoder, 200, []), [...encodeInteger(1000, 5, 0x20), 0x88]);
});

Deno.test("FieldEncoder: without a table, everything is a literal each time", () => {
  const encoder = new FieldEncoder();
  encode(encoder, 200, ANSWER);
  encoder.setTableBytesMax(0);
  const [size, ...first] = encode(encoder, 200, ANSWER);
  assert.equal(size, 0x20);
  assert.deepEqual(encode(encoder, 200, ANSWER), first);
  assert.deepEqual(new SlowDecoder(0).decode(Uint8Array.from(first)), [
    [":status", "200"],
    ...ANSWER,
  ]);
});

Deno.test("FieldEncoder: boundOf is enough for long texts and many fields", () => {
  for (const length of [0, 1, 126, 127, 128, 254, 255, 16_510, 16_511, 70_000]) {
    const text = "x".repeat(length);
    const encoder = new FieldEncoder();
    encoder.setTableBytesMax(1000);
    encoder.setTableBytesMax(2000);
    const names = ["date", "set-cookie", "server", `n${text}`];
    encode(encoder, 599, names.map((name): HeaderLine => [name, text]));
  }
});

Deno.test("FieldEncoder: what was written is remembered, whatever becomes of the memory it was written to", () => {
  const encoder = new FieldEncoder();
  const target = new Uint8Array(1000);
  encoder.encode(200, [["x-own-name", "a value of its own"]], target, 0);
  target.fill(0);
  assert.equal(encode(encoder, 200, [["x-own-name", "a value of its own"]]).length, 2);
});

const SEED = 90_133;
Deno.test(`FieldEncoder: is understood by two decoders, whatever their tables, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const names = ["server", "date", "set-cookie", "x-a", "x-b", "content-type", "vary"];
  const value = () => {
    const length = random.below(random.pick([3, 40, 40, 600, 2500]));
    return `${random.below(6)}`.repeat(length);
  };
  for (let run = 0; run < 40; run++) {
    const encoder = new FieldEncoder();
    const decoder = new FieldDecoder({
      tableBytesMax: 65_536,
      listBytesMax: 1_000_000,
      fieldsMax: 100,
    });
    const slow = new SlowDecoder(65_536);
    for (let round = 0; round < 60; round++) {
      while (random.below(8) === 0) {
        encoder.setTableBytesMax(random.pick([0, 50, 100, 1000, 4096, 65_536]));
      }
      const fields = Array.from(
        { length: random.below(12) },
        (): HeaderLine => [random.pick(names), value()],
      );
      const status = random.pick([undefined, 200, 204, 302, 404, 503]);
      const expected = status === undefined ? fields : [[":status", `${status}`], ...fields];
      const block = Uint8Array.from(encode(encoder, status, fields));
      assert.deepEqual(decoder.decode(block), expected);
      assert.deepEqual(slow.decode(block), expected);
      assert.ok(slow.table.bytes <= 4096);
    }
  }
});
