import assert from "node:assert/strict";
import { CLIENT_BUFFER_BYTES } from "../../../lib/base/limits.ts";
import { BufferPool } from "../../../lib/http/http1/buffer_pool.ts";
import { ERROR_CODE, Http2Error } from "../../../lib/http/http2/error_codes.ts";
import { type Frame, FrameInput, type FrameSink } from "../../../lib/http/http2/frame_input.ts";
import { concat, encodeRawFrame, PREFACE } from "../../support/http2_frames.ts";
import { MemoryConnection } from "../../support/memory_connection.ts";
import { Random } from "../../support/random.ts";

/** Keeps the frames it is handed. */
class Sink implements FrameSink {
  readonly frames: { type: number; flags: number; stream: number; payload: number[] }[] = [];
  batches = 0;
  isReceiving = false;
  onFrame: (frame: Frame) => void = () => {};
  pause: Promise<void> | undefined;

  takeFrame(frame: Frame): void {
    const { type, flags, stream, bytes, start, end } = frame;
    this.frames.push({ type, flags, stream, payload: [...bytes.subarray(start, end)] });
    this.onFrame(frame);
  }

  endBatch(): Promise<void> | undefined {
    this.batches++;
    return this.pause;
  }
}

function make() {
  const connection = new MemoryConnection();
  const buffers = new BufferPool(72 * 1_024, 4);
  const sink = new Sink();
  return { connection, buffers, sink, input: new FrameInput(connection, buffers, sink) };
}

/** Waits for what follows from what has been sent. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    assert.ok(turn < 1_000);
    await new Promise((done) => setTimeout(done, 0));
  }
}

/** Joins the pieces of one DATA frame, which may be handed on as they come. */
function joined(frames: Sink["frames"]): string[] {
  const texts: string[] = [];
  let open: { stream: number; payload: number[] } | undefined;
  for (const { type, flags, stream, payload } of frames) {
    if (type !== 0) {
      texts.push(JSON.stringify({ type, flags, stream, payload }));
    } else {
      open ??= { stream, payload: [] };
      open.payload.push(...payload);
      if ((flags & 1) !== 0) {
        texts.push(JSON.stringify({ type, flags: 1, ...open }));
        open = undefined;
      }
    }
  }
  return texts;
}

const SEED = 91_137_541;
Deno.test(`FrameInput: frames are the same in whatever pieces they come (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  for (let round = 0; round < 20; round++) {
    const { connection, input, sink } = make();
    sink.isReceiving = random.below(2) === 0;
    const frames = Array.from({ length: 1 + random.below(20) }, (_, index) => {
      const type = random.pick([0, 1, 6, 0xbe]);
      const length = random.pick([0, 1, 8, 300, 5_000]);
      const payload = Uint8Array.from({ length }, () => random.below(256));
      return { type, flags: type === 0 ? 1 : random.below(256), stream: 2 * index + 1, payload };
    });
    const all = concat([PREFACE, ...frames.map((each) => encodeRawFrame(each, each.payload))]);
    let start = 0;
    for (const end of random.cuts(all.length, random.pick([2, 10, 100]))) {
      connection.send(all.slice(start, end));
      start = end;
    }
    connection.end();
    await input.run();
    const expected = frames.map(({ type, flags, stream, payload }) =>
      JSON.stringify({ type, flags, stream, payload: [...payload] })
    );
    assert.deepEqual(joined(sink.frames), expected);
  }
});

Deno.test("FrameInput: what is no preface is an error as soon as it shows, RFC 9113 §3.4", async () => {
  for (const text of ["G", "GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX"]) {
    const { connection, input } = make();
    connection.send(text);
    await assert.rejects(
      input.run(),
      (error) => error instanceof Http2Error && error.code === ERROR_CODE.protocolError,
    );
  }
});

Deno.test("FrameInput: RFC 9113 §4.2, a frame over 16 KiB is refused by its head", async () => {
  const { connection, input, sink } = make();
  connection.send(concat([PREFACE, Uint8Array.of(0, 0x40, 1, 0, 0, 0, 0, 0, 1)]));
  await assert.rejects(
    input.run(),
    (error) => error instanceof Http2Error && error.code === ERROR_CODE.frameSizeError,
  );
  assert.deepEqual(sink.frames, []);
});

Deno.test("FrameInput: the bytes of DATA are handed on as they come, but padded ones", async () => {
  const { connection, input, sink } = make();
  const data = encodeRawFrame({ type: 0, flags: 1, stream: 1 }, [1, 2, 3, 4]);
  const padded = encodeRawFrame({ type: 0, flags: 9, stream: 3 }, [1, 5, 0]);
  connection.send(concat([PREFACE, data.subarray(0, 11)]));
  const running = input.run();
  await until(() => sink.frames.length === 1);
  assert.deepEqual(sink.frames[0], { type: 0, flags: 0, stream: 1, payload: [1, 2] });
  connection.send(concat([data.subarray(11), padded.subarray(0, 11)]));
  await until(() => sink.batches === 2);
  assert.equal(input.isWithinFrame, false, "a body may take its time");
  connection.send(padded.subarray(11));
  connection.end();
  await running;
  assert.deepEqual(sink.frames.slice(1), [
    { type: 0, flags: 1, stream: 1, payload: [3, 4] },
    { type: 0, flags: 9, stream: 3, payload: [1, 5, 0] },
  ]);
});

Deno.test("FrameInput: isWithinFrame tells of every other part of a frame", async () => {
  const ping = encodeRawFrame({ type: 6, flags: 0, stream: 0 }, new Uint8Array(8));
  for (let length = 1; length <= ping.length; length++) {
    const { connection, input, sink } = make();
    connection.send(concat([PREFACE, ping.subarray(0, length)]));
    const running = input.run();
    await until(() => sink.batches === 1);
    assert.equal(input.isWithinFrame, length < ping.length);
    connection.end();
    await running;
  }
});

Deno.test("FrameInput: holds a large buffer while bodies stream, and gives it back", async () => {
  const { buffers, connection, input, sink } = make();
  buffers.give(buffers.take());
  const sizes: number[] = [];
  const { read } = connection;
  connection.read = (buffer) => {
    sizes.push(buffer.length);
    return read.call(connection, buffer);
  };
  sink.isReceiving = true;
  const running = input.run();
  const data = encodeRawFrame({ type: 0, flags: 0, stream: 1 }, new Uint8Array(16_384));
  connection.send(concat([PREFACE, data, data, data, data, data]));
  await until(() => connection.unreadBytes === 0);
  assert.equal(sizes[0], CLIENT_BUFFER_BYTES);
  assert.ok(sizes.some((size) => size > 64 * 1_024));
  sink.isReceiving = false;
  connection.send(encodeRawFrame({ type: 6, flags: 0, stream: 0 }, new Uint8Array(8)));
  await until(() => sizes.at(-1) === CLIENT_BUFFER_BYTES);
  assert.equal(buffers.idle, 1);
  connection.end();
  await running;
  assert.equal(buffers.idle, 1);
});

Deno.test("FrameInput: nothing more is read while the sink wants to wait", async () => {
  const { connection, input, sink } = make();
  const { promise, resolve } = Promise.withResolvers<void>();
  sink.pause = promise;
  const ping = encodeRawFrame({ type: 6, flags: 0, stream: 0 }, new Uint8Array(8));
  connection.send(concat([PREFACE, ping]));
  connection.send(ping);
  const running = input.run();
  await until(() => sink.batches === 1);
  await new Promise((done) => setTimeout(done, 0));
  assert.equal(connection.reads, 1);
  resolve();
  connection.end();
  await running;
  assert.equal(sink.frames.length, 2);
});

Deno.test("FrameInput: drop looks at nothing more, not even what has come, and has an end", async () => {
  const { connection, input, sink } = make();
  const ping = encodeRawFrame({ type: 6, flags: 0, stream: 0 }, new Uint8Array(8));
  sink.onFrame = () => input.drop(100);
  connection.send(concat([PREFACE, ping, ping]));
  const running = input.run();
  await until(() => sink.frames.length === 1);
  for (let count = 0; count < 10; count++) connection.send(ping);
  await running;
  assert.equal(sink.frames.length, 1);
  assert.ok(connection.unreadBytes > 0, "it gave up before the end");
});

Deno.test("FrameInput: runs on after an error once it drops", async () => {
  const { connection, input, sink } = make();
  sink.onFrame = () => {
    throw new Http2Error(ERROR_CODE.enhanceYourCalm, "enough");
  };
  const ping = encodeRawFrame({ type: 6, flags: 0, stream: 0 }, new Uint8Array(8));
  connection.send(concat([PREFACE, ...Array.from({ length: 500 }, () => ping)]));
  await assert.rejects(input.run(), Http2Error);
  input.drop(1_000_000);
  connection.end();
  await input.run();
  assert.equal(sink.frames.length, 1);
});

Deno.test("FrameInput: a reset is an end", async () => {
  const { connection, input } = make();
  connection.send(PREFACE);
  const running = input.run();
  connection.reset();
  await running;
});
