import assert from "node:assert/strict";
import { RELAY_BUFFER_BYTES, RELAY_SMALL_BUFFER_BYTES } from "../../lib/base/limits.ts";
import { fitRelayBuffer, makeRelayBuffer } from "../../lib/base/relay_buffer.ts";

const SMALL = RELAY_SMALL_BUFFER_BYTES;
const LARGE = RELAY_BUFFER_BYTES;

const NEXT: readonly [now: number, count: number, next: number][] = [
  [SMALL, 1, SMALL],
  [SMALL, SMALL - 1, SMALL],
  [SMALL, SMALL, LARGE],
  [LARGE, LARGE, LARGE],
  [LARGE, SMALL + 1, LARGE],
  [LARGE, SMALL, SMALL],
  [LARGE, 1, SMALL],
];
for (const [now, count, next] of NEXT) {
  Deno.test(`fitRelayBuffer: after ${count} bytes in ${now} come ${next}`, () => {
    const buffer = new Uint8Array(now);
    const fitted = fitRelayBuffer(buffer, count);
    assert.equal(fitted.length, next);
    assert.equal(fitted === buffer, next === now, "nothing is made that is not needed");
  });
}

Deno.test("makeRelayBuffer: begins small", () => assert.equal(makeRelayBuffer().length, SMALL));
