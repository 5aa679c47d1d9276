import assert from "node:assert/strict";
import { INT31_MAX } from "../../../lib/http/http2/frames.ts";
import { ReceiveWindow, SendWindow } from "../../../lib/http/http2/windows.ts";

Deno.test("SendWindow: spends, opens, and is negative after a setting took some away", () => {
  const window = new SendWindow(10);
  window.spend(4);
  assert.equal(window.bytes, 6);
  assert.equal(window.add(-10), true);
  assert.equal(window.bytes, -4);
  assert.equal(window.add(5), true);
  assert.equal(window.bytes, 1);
});

const OPENINGS: readonly [start: number, added: number, isTaken: boolean][] = [
  [0, INT31_MAX, true],
  [1, INT31_MAX, false],
  [65_535, INT31_MAX - 65_535, true],
  [65_535, INT31_MAX - 65_534, false],
  [-5, INT31_MAX, true],
];
for (const [start, added, isTaken] of OPENINGS) {
  Deno.test(`SendWindow: RFC 9113 §6.9.1, ${start} and ${added} more is ${isTaken ? "taken" : "too much"}`, () => {
    const window = new SendWindow(start);
    assert.equal(window.add(added), isTaken);
    assert.equal(window.bytes, isTaken ? start + added : start, "nothing changes if refused");
  });
}

const SIZE = { bytes: 1_000, maxBytes: 4_000 };

Deno.test("ReceiveWindow: takes as much as was allowed, and not a byte more", () => {
  const window = new ReceiveWindow(SIZE);
  assert.equal(window.receive(999), true);
  assert.equal(window.receive(1), true);
  assert.equal(window.bytes, 0);
  assert.equal(window.receive(1), false);
});

Deno.test("ReceiveWindow: half of it has to be used up before the client is told", () => {
  const window = new ReceiveWindow(SIZE);
  assert.equal(window.receive(500), true);
  assert.equal(window.use(499), 0);
  assert.equal(window.use(1), 500);
  assert.equal(window.receive(999), true);
  assert.equal(window.use(1), 0);
  assert.equal(window.receive(1), true);
  assert.equal(window.receive(1), false, "only what the client was told of");
});

Deno.test("ReceiveWindow: what is left while others hold the rest is told of as soon as it is used", () => {
  const size = { bytes: 1_048_576, maxBytes: 1_048_576 };
  const empty = new ReceiveWindow(size);
  empty.receive(1_048_576);
  assert.equal(empty.use(1), 1, "the client may send nothing else");
  const narrow = new ReceiveWindow(size);
  narrow.receive(1_048_576 - 20_000);
  assert.equal(narrow.use(19_999), 0);
  assert.equal(narrow.use(1), 20_000);
  const slim = new ReceiveWindow(size);
  slim.receive(1_048_576 - 10);
  assert.equal(slim.use(16_383), 0, "not for every byte");
  assert.equal(slim.use(1), 16_384);
});

Deno.test("ReceiveWindow: doubles for a reader who keeps up, up to its limit, and never shrinks", () => {
  const window = new ReceiveWindow(SIZE);
  const use = (bytes: number, mayGrow: boolean) => {
    assert.equal(window.receive(bytes), true);
    return [window.use(bytes, mayGrow), window.sizeBytes];
  };
  assert.deepEqual(use(500, false), [500, 1_000]);
  assert.deepEqual(use(500, true), [1_500, 2_000]);
  assert.deepEqual(use(500, true), [0, 2_000], "half of what it is now");
  assert.deepEqual(use(500, true), [3_000, 4_000]);
  assert.deepEqual(use(2_000, true), [2_000, 4_000]);
  assert.deepEqual(use(2_000, false), [2_000, 4_000]);
  assert.equal(window.bytes, 4_000);
});

Deno.test("ReceiveWindow: in the long run the client may send what was used, in any steps", () => {
  for (const step of [1, 30, 499, 500]) {
    for (const mayGrow of [false, true]) {
      const window = new ReceiveWindow(SIZE);
      let allowed = SIZE.bytes;
      for (let sent = 0; sent < 50_000; sent += step) {
        assert.ok(allowed >= step, "it never stands still");
        allowed -= step;
        assert.equal(window.receive(step), true);
        allowed += window.use(step, mayGrow);
        assert.ok(allowed <= (mayGrow ? SIZE.maxBytes : SIZE.bytes), "nor is it ever wider");
      }
    }
  }
});
