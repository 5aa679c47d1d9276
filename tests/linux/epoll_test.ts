import assert from "node:assert/strict";
import { EpollEvents, epollLayout } from "../../lib/linux/epoll.ts";

/** One event with a token and a generation, as the kernel lays it out. */
const BYTES: Readonly<Record<string, readonly number[]>> = {
  x86_64: [5, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 0x88, 0x77, 0x66, 0x55],
  aarch64: [5, 0, 0, 0, 0, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 0x88, 0x77, 0x66, 0x55],
};

for (const [arch, bytes] of Object.entries(BYTES)) {
  Deno.test(`EpollEvents: on ${arch} an event has ${bytes.length} bytes`, () => {
    const events = new EpollEvents(3, epollLayout(arch));
    assert.equal(events.bytes.length, 3 * bytes.length);
    events.set(1, 5, 0x11223344, 0x55667788);
    const [before, event, after] = [0, 1, 2].map((index) => [
      ...events.bytes.subarray(index * bytes.length, (index + 1) * bytes.length),
    ]);
    assert.deepEqual(event, bytes);
    assert.ok([...before, ...after].every((byte) => byte === 0));
  });

  Deno.test(`EpollEvents: on ${arch} what was set is read back, negative tokens too`, () => {
    const events = new EpollEvents(8, epollLayout(arch));
    for (let index = 0; index < events.capacity; index++) {
      events.set(index, index, -index, 1_000 + index);
    }
    for (let index = 0; index < events.capacity; index++) {
      assert.equal(events.events(index), index);
      assert.equal(events.token(index), 0 - index);
      assert.equal(events.generation(index), 1_000 + index);
    }
  });
}
