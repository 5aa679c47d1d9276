import assert from "node:assert/strict";
import { spanText, uint16At, vector16End, vector8End } from "../../lib/tls/byte_span.ts";

const span = (bytes: number[], start = 0, end = bytes.length) => ({
  bytes: Uint8Array.from(bytes),
  start,
  end,
});

Deno.test("uint16At reads the most significant byte first, without a sign", () => {
  const bytes = Uint8Array.of(0, 0x12, 0x34, 0xff, 0xff);
  assert.deepEqual([0, 1, 3].map((at) => uint16At(bytes, at)), [0x12, 0x1234, 0xffff]);
});

Deno.test("vector8End and vector16End find the end of a vector that fits", () => {
  const cases: [typeof vector8End, number[], number, number][] = [
    [vector8End, [0], 0, 1],
    [vector8End, [9, 2, 0xff, 0xff, 7], 1, 4],
    [vector8End, [255, ...new Uint8Array(255)], 0, 256],
    [vector16End, [0, 0], 0, 2],
    [vector16End, [9, 0, 2, 0xff, 0xff, 7], 1, 5],
    [vector16End, [0xff, 0xff, ...new Uint8Array(0xffff)], 0, 0x1_0001],
  ];
  for (const [end, bytes, at, expected] of cases) {
    assert.equal(end(span(bytes), at), expected, `${end.name} ${bytes.slice(0, 6)} at ${at}`);
  }
});

Deno.test("vector8End and vector16End lie behind the span for a vector that it cuts short", () => {
  const cases: [typeof vector8End, number[], number, number][] = [
    // Nothing of the length, half of it, a length that leads out.
    [vector8End, [], 0, 0],
    [vector8End, [0, 0], 1, 1],
    [vector8End, [1], 0, 1],
    [vector8End, [3, 1, 1, 1], 0, 3],
    [vector16End, [], 0, 0],
    [vector16End, [0], 0, 1],
    [vector16End, [0, 0, 0], 1, 2],
    [vector16End, [0, 1], 0, 2],
    [vector16End, [0, 2, 1, 1], 0, 3],
  ];
  for (const [find, bytes, at, end] of cases) {
    assert.ok(find(span(bytes, 0, end), at) > end, `${find.name} ${bytes} at ${at} of ${end}`);
  }
});

Deno.test("vector8End and vector16End of a vector behind one cut short lie behind the span too", () => {
  const longest = span(new Array(0x1_0002).fill(0xff));
  for (const first of [vector8End, vector16End]) {
    for (const second of [vector8End, vector16End]) {
      const cut = first(longest, longest.end - 1);
      assert.ok(second(longest, cut) > longest.end, `${first.name} ${second.name}`);
    }
  }
});

Deno.test("spanText gives one character for each byte of the span, and no others", () => {
  const bytes = Array.from({ length: 256 }, (_, index) => index);
  const all = String.fromCharCode(...bytes);
  for (const [start, end] of [[0, 0], [256, 256], [0, 1], [65, 70], [127, 129], [0, 256]]) {
    assert.equal(spanText(span(bytes, start, end)), all.slice(start, end), `${start} ${end}`);
  }
});
