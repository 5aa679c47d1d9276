import assert from "node:assert/strict";
import { HTTP2_LARGE_READS_MAX, HTTP2_SMALL_READ_BYTES } from "../../../lib/base/http2_limits.ts";
import { CLIENT_WRITE_TIMEOUT_MS } from "../../../lib/base/limits.ts";
import { ERROR_CODE } from "../../../lib/http/http2/error_codes.ts";
import { SETTING, WINDOW_START_BYTES } from "../../../lib/http/http2/settings.ts";
import { BufferPool } from "../../../lib/http/http1/buffer_pool.ts";
import { AnswerQueue } from "../../../lib/http/http2/answer_queue.ts";
import { AnswerSender, type AnswerSenderTools } from "../../../lib/http/http2/answer_sender.ts";
import type { FrameOutput } from "../../../lib/http/http2/frame_output.ts";
import { Stream } from "../../../lib/http/http2/stream.ts";
import type { Answer, Body, HeaderLine } from "../../../lib/http/message.ts";
import { encodeWindowUpdate } from "../../support/http2_frames.ts";
import { streamed, withHttp2Place } from "../../support/http2_messages.ts";
import { Http2Place } from "../../support/http2_place.ts";
import { pieces } from "../../support/http1_place.ts";

/** A body of so many bytes, and what was asked of it. */
class Counted implements Body {
  readonly trailers: readonly HeaderLine[] = [];
  isTouched = false;
  isCancelled = false;
  readonly targets: number[] = [];
  readBytes = 0;

  constructor(readonly sizeBytes: number, readonly length: number | undefined = undefined) {}

  read(target: Uint8Array): Promise<number> {
    this.targets.push(target.length);
    const count = Math.min(target.length, this.sizeBytes - this.readBytes);
    target.fill(0x61, 0, count);
    this.readBytes += count;
    return Promise.resolve(count);
  }

  cancel(): void {
    this.isCancelled = true;
  }
}

/** Sizes around those of frames, pieces, writes and the first window. */
const SIZES = [1, 16_374, 16_375, 16_376, 65_499, 65_500, 65_501, 65_535, 65_536, 300_000];
for (const size of SIZES) {
  Deno.test(`AnswerSender: ${size} bytes arrive as they are, read, at hand, with a length or not`, async () => {
    const bodies: Answer["body"][] = [
      new Counted(size),
      new Counted(size, size),
      new Uint8Array(size).fill(0x61),
    ];
    for (const body of bodies) {
      await withHttp2Place(
        () => ({ status: 200, reason: "", headers: [], body }),
        async (client) => {
          client.send(encodeWindowUpdate(0, 1_000_000));
          const id = client.open();
          client.send(encodeWindowUpdate(id, 1_000_000));
          await client.until(() => client.witness.stream(id).isEnded, "whole");
          const { body: text } = client.witness.stream(id);
          assert.deepEqual([text.length, /^a*$/.test(text)], [size, true]);
        },
      );
    }
  });
}

Deno.test("AnswerSender: nothing is read ahead of the windows but one piece", async () => {
  const body = new Counted(10_000_000);
  await withHttp2Place(() => streamed(body), async (client) => {
    const { bodyBytes } = await client.ask();
    assert.equal(bodyBytes, 65_535);
    const aheadBytes = body.readBytes - bodyBytes;
    assert.ok(aheadBytes <= 65_500, `${aheadBytes}`);
    await client.settle();
    assert.equal(body.readBytes - bodyBytes, aheadBytes);
  });
  assert.equal(body.isCancelled, true, "the client has left in the middle");
});

Deno.test("AnswerSender: a closed window does not hide that a body has ended", async () => {
  await withHttp2Place(() => streamed(new Counted(65_535)), async (client) => {
    const { bodyBytes, isEnded } = await client.ask();
    assert.deepEqual([bodyBytes, isEnded], [65_535, true]);
  });
});

const BROKEN: readonly [name: string, body: () => Body][] = [
  ["breaks off", () => pieces(["part", new Error("cut")])],
  ["is shorter than said", () => new Counted(5, 6)],
  ["is longer than said", () => new Counted(7, 6)],
];
for (const [name, makeBody] of BROKEN) {
  Deno.test(`AnswerSender: a body that ${name} is reset, and never looks whole`, async () => {
    await withHttp2Place(() => streamed(makeBody()), async (client) => {
      const { isEnded, resetCode } = await client.ask();
      assert.deepEqual([isEnded, resetCode], [false, ERROR_CODE.internalError]);
      assert.equal((await client.ask({ method: "HEAD" })).head?.status, 200, "others go on");
    });
  });
}

Deno.test("AnswerSender: few answers at a time hold a large buffer", async () => {
  const bodies: Counted[] = [];
  const count = HTTP2_LARGE_READS_MAX + 3;
  await withHttp2Place(() => {
    bodies.push(new Counted(1_000_000));
    return streamed(bodies.at(-1)!);
  }, async (client) => {
    for (let index = 0; index < count; index++) client.open();
    await client.settle();
    const large = bodies.filter(({ targets }) => targets[0] > HTTP2_SMALL_READ_BYTES);
    assert.deepEqual([bodies.length, large.length], [count, HTTP2_LARGE_READS_MAX]);
  });
});

Deno.test("AnswerSender: buffers go back, unless a read may still use them", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const client = new Http2Place((exchange) =>
    streamed(exchange.target === "/slow" ? pieces(["a", promise, "b"]) : new Counted(100_000))
  );
  await client.greet([[SETTING.initialWindowSize, 1_000_000]]);
  client.send(encodeWindowUpdate(0, 1_000_000));
  await client.ask();
  await client.settle();
  const idle = client.buffers.idle;
  assert.ok(idle > 0);
  client.open({ path: "/slow" });
  await client.settle();
  await client.leave();
  assert.equal(client.buffers.idle, idle - 1);
  resolve();
});

Deno.test("AnswerSender: trailers come last, and those that may not be sent are left out", async () => {
  const trailers: HeaderLine[] = [["X-Sum", "1"], ["Content-Length", "9"]];
  const bodies: Answer[] = [
    { status: 200, reason: "", headers: [], body: new Uint8Array(3), trailers },
    streamed(Object.assign(pieces(["abc"]), { trailers })),
  ];
  for (const answer of bodies) {
    await withHttp2Place(() => answer, async (client) => {
      const stream = await client.ask();
      assert.deepEqual([stream.bodyBytes, stream.isEnded], [3, true]);
      assert.deepEqual(stream.trailers, [["x-sum", "1"]]);
    });
  }
});

Deno.test("AnswerSender: a client that opens no window is given up, one that does is not", async () => {
  const body = new Counted(1_000_000);
  await withHttp2Place(() => streamed(body), async (client) => {
    const id = client.open();
    await client.settle();
    await client.clock.advance(CLIENT_WRITE_TIMEOUT_MS - 1);
    client.send(encodeWindowUpdate(0, 100_000), encodeWindowUpdate(id, 100_000));
    await client.settle();
    await client.clock.advance(CLIENT_WRITE_TIMEOUT_MS - 1);
    assert.equal(client.witness.stream(id).resetCode, undefined);
    await client.clock.advance(1);
    assert.equal(client.witness.stream(id).resetCode, ERROR_CODE.cancel);
    assert.equal(body.isCancelled, true);
    assert.equal(client.counters.get("answer_timeout"), 1);
    assert.match(client.lines.join(), /Gave up an answer .*client=192\.0\.2\.1/);
    assert.equal(client.inFlight, 0);
  });
});

Deno.test("AnswerSender: whoever is given up waits for no turn any more", () => {
  const output = { dataRoomBytes: 16_375 } as unknown as FrameOutput;
  const queue = new AnswerQueue(output);
  queue.window.spend(WINDOW_START_BYTES);
  const waiting = new Set<number>();
  const tools = {
    buffers: new BufferPool(72 * 1_024, 4),
    limits: {
      begin: (stream: number) => waiting.add(stream),
      end: (stream: number) => waiting.delete(stream),
    },
    output,
    queue,
    largeReads: 0,
  } as unknown as AnswerSenderTools;
  const stream = new Stream(1, { windowBytes: 65_535, isRequestWhole: true });
  const body = new Uint8Array(10);
  const sender = new AnswerSender(stream, { body, headers: [] }, tools);
  sender.start();
  queue.window.add(1_000);
  assert.deepEqual([queue.roomBytes, waiting.size], [0, 1]);
  sender.cancel();
  assert.deepEqual([queue.roomBytes, waiting.size], [1_000, 0]);
});
