import assert from "node:assert/strict";
import { HTTP2_OUTPUT_FULL_BYTES } from "../../../lib/base/http2_limits.ts";
import { CLIENT_WRITE_TIMEOUT_MS } from "../../../lib/base/limits.ts";
import { Watchdog } from "../../../lib/base/watchdog.ts";
import { BufferPool } from "../../../lib/http/http1/buffer_pool.ts";
import { FrameOutput } from "../../../lib/http/http2/frame_output.ts";
import { DATA_PAYLOAD_MAX_BYTES } from "../../../lib/http/http2/frames.ts";
import { FieldDecoder } from "../../../lib/http/http2/hpack/field_decoder.ts";
import { FieldError } from "../../../lib/http/http2/hpack/field_encoder.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { concat, FLAG, FRAME, type Frame, takeFrames } from "../../support/http2_frames.ts";
import { MemoryConnection } from "../../support/memory_connection.ts";

/** An output, and what has left it. */
class Place {
  readonly clock = new FakeClock();
  readonly connection = new MemoryConnection();
  readonly buffers = new BufferPool(72 * 1_024, 4);
  readonly written: Uint8Array[] = [];
  rooms = 0;
  breaks = 0;
  isLate = false;
  onRoom = () => {};
  readonly limit = new Watchdog(this.clock, () => this.isLate = true);
  readonly output = new FrameOutput(this.connection, {
    buffers: this.buffers,
    limit: this.limit,
    onRoom: () => {
      this.rooms++;
      this.onRoom();
    },
    onBroken: () => this.breaks++,
  });

  constructor() {
    this.connection.onWritten = (bytes) => this.written.push(bytes.slice());
  }

  get frames(): Frame[] {
    const frames: Frame[] = [];
    const bytes = concat(this.written);
    const taken = takeFrames(
      bytes,
      (frame) => frames.push({ ...frame, payload: frame.payload.slice() }),
    );
    assert.equal(taken, bytes.length);
    return frames;
  }

  async settle(): Promise<void> {
    await new Promise((done) => setTimeout(done, 0));
  }
}

Deno.test("FrameOutput: every kind of frame, as RFC 9113 §6 has it, in one write", async () => {
  const place = new Place();
  const { output } = place;
  output.settingsAck();
  output.pingAck(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8), 1);
  output.windowUpdate(3, 0x0102_0304);
  output.reset(5, 8);
  output.data(7, Uint8Array.of(9, 9), true);
  output.goaway(0x7fff_ffff, 11);
  assert.equal(place.connection.writes, 0, "nothing leaves before all that can run has run");
  await place.settle();
  assert.equal(place.connection.writes, 1);
  const seen = place.frames.map((
    { type, flags, stream, payload },
  ) => [type, flags, stream, [...payload]]);
  assert.deepEqual(seen, [
    [FRAME.settings, FLAG.ack, 0, []],
    [FRAME.ping, FLAG.ack, 0, [1, 2, 3, 4, 5, 6, 7, 8]],
    [FRAME.windowUpdate, 0, 3, [1, 2, 3, 4]],
    [FRAME.reset, 0, 5, [0, 0, 0, 8]],
    [FRAME.data, FLAG.endStream, 7, [9, 9]],
    [FRAME.goaway, 0, 0, [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 11]],
  ]);
});

const BLOCKS: readonly [valueBytes: number, frames: number][] = [
  [10, 1],
  [16_000, 1],
  [16_384, 2],
  [40_000, 3],
  [200_000, 13],
];
for (const [valueBytes, count] of BLOCKS) {
  for (const endsStream of [false, true]) {
    Deno.test(`FrameOutput: RFC 9113 §4.3, a value of ${valueBytes} in ${count} frames, ${endsStream ? "last" : "not last"}`, async () => {
      const place = new Place();
      const fields = [["etag", "x".repeat(valueBytes)], ["server", "s"]] as const;
      place.output.pingAck(new Uint8Array(8), 0);
      place.output.fields(9, { status: 200, fields, endsStream });
      await place.settle();
      const [, ...frames] = place.frames;
      assert.deepEqual(
        frames.map(({ type, flags, stream }) => [type, flags, stream]),
        Array.from({ length: count }, (_, index) => [
          index === 0 ? FRAME.headers : FRAME.continuation,
          (index === 0 && endsStream ? FLAG.endStream : 0) |
          (index === count - 1 ? FLAG.endHeaders : 0),
          9,
        ]),
      );
      const limits = { tableBytesMax: 4_096, listBytesMax: 1_000_000, fieldsMax: 10 };
      const decoded = new FieldDecoder(limits).decode(concat(frames.map(({ payload }) => payload)));
      assert.deepEqual(decoded, [[":status", "200"], ...fields]);
      assert.equal(place.buffers.idle <= 1, true);
    });
  }
}

Deno.test("FrameOutput: fields that cannot be sent leave no trace", async () => {
  const place = new Place();
  const bad = { status: 200, fields: [["x", "a\nb"]] as const, endsStream: true };
  assert.throws(() => place.output.fields(1, bad), FieldError);
  assert.equal(place.output.gatheredBytes, 0);
  place.output.settingsAck();
  await place.settle();
  assert.equal(place.frames.length, 1);
});

Deno.test("FrameOutput: frames gather while a write is on its way, and go in the next one", async () => {
  const place = new Place();
  place.connection.stall();
  place.output.settingsAck();
  await place.settle();
  assert.equal(place.output.isIdle, false);
  for (let count = 0; count < 50; count++) place.output.windowUpdate(0, 1);
  await place.settle();
  assert.equal(place.output.gatheredBytes, 50 * 13);
  const taken = place.output.untilTaken();
  place.connection.stall(false);
  await taken;
  await place.settle();
  assert.deepEqual([place.connection.writes, place.frames.length], [2, 51]);
  assert.equal(place.output.isIdle, true);
});

Deno.test("FrameOutput: DATA has room up to what one write takes, in full TLS records", async () => {
  const place = new Place();
  const sizes: number[] = [];
  for (let room; (room = place.output.dataRoomBytes) > 0;) {
    sizes.push(room);
    place.output.data(1, new Uint8Array(room), false);
  }
  assert.deepEqual(sizes, Array.from({ length: 4 }, () => DATA_PAYLOAD_MAX_BYTES));
  assert.equal(place.output.gatheredBytes, HTTP2_OUTPUT_FULL_BYTES);
  place.onRoom = () => {
    assert.ok(place.output.dataRoomBytes > 0);
    place.onRoom = () => {};
    place.output.data(1, new Uint8Array(5), true);
  };
  await place.settle();
  assert.deepEqual([place.rooms, place.frames.length], [2, 5]);
  assert.deepEqual(place.written.map(({ length }) => length), [HTTP2_OUTPUT_FULL_BYTES, 14]);
});

Deno.test("FrameOutput: a connection that takes little at a time gets all of it in order", async () => {
  const place = new Place();
  place.connection.writeMaxBytes = 7;
  const payload = Uint8Array.from({ length: 100 }, (_, index) => index);
  place.output.data(1, payload, false);
  place.output.data(3, payload, true);
  await place.settle();
  assert.deepEqual(place.frames.map(({ payload }) => [...payload]), [[...payload], [...payload]]);
});

Deno.test("FrameOutput: holds no buffer while there is nothing to send", async () => {
  const place = new Place();
  for (let count = 0; count < 3; count++) {
    place.output.settingsAck();
    assert.equal(place.buffers.idle, 0);
    await place.settle();
    assert.equal(place.buffers.idle, 1);
  }
});

Deno.test("FrameOutput: the limit is that of a write, and lifted after it", async () => {
  const place = new Place();
  place.output.settingsAck();
  await place.settle();
  await place.clock.advance(CLIENT_WRITE_TIMEOUT_MS);
  assert.equal(place.isLate, false);
  place.connection.stall();
  place.output.settingsAck();
  await place.settle();
  await place.clock.advance(CLIENT_WRITE_TIMEOUT_MS - 1);
  assert.equal(place.isLate, false);
  await place.clock.advance(1);
  assert.equal(place.isLate, true);
  place.connection.close();
  await place.settle();
  place.limit.stop();
});

Deno.test("FrameOutput: once the client takes no more, frames go nowhere and nobody waits", async () => {
  const place = new Place();
  place.connection.stall();
  place.output.settingsAck();
  await place.settle();
  place.output.settingsAck();
  const waiting = place.output.untilTaken();
  place.connection.reset();
  await waiting;
  assert.deepEqual([place.breaks, place.output.isIdle, place.output.gatheredBytes], [1, true, 0]);
  place.output.data(1, new Uint8Array(1_000), true);
  await place.output.untilTaken();
  assert.equal(place.output.gatheredBytes, 0);
  place.output.break();
  assert.equal(place.breaks, 1);
  assert.equal(place.frames.length, 0);
  place.limit.stop();
});
