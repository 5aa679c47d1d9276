import assert from "node:assert/strict";
import { Failure } from "../../lib/base/failures.ts";
import { BODY_READ_BYTES, CLIENT_WRITE_TIMEOUT_MS } from "../../lib/base/limits.ts";
import { AnswerStream } from "../../lib/http/answer_stream.ts";
import { streamToBody } from "../../lib/http/body_stream.ts";
import type { Body } from "../../lib/http/message.ts";
import { FakeClock } from "../support/fake_clock.ts";

const text = (data: string) => new TextEncoder().encode(data);

/** A body of pieces that notes what becomes of it, and its stream. */
function streamOf(
  pieces: readonly string[],
  { then = "end", length }: { then?: "end" | "error" | "silence"; length?: number } = {},
) {
  const left = pieces.map(text);
  const state = { reads: 0, isCancelled: false, roomBytes: 0, stalled: 0 };
  const body: Body = {
    length,
    trailers: [["x", "y"]],
    isTouched: false,
    cancel: () => void (state.isCancelled = true),
    read(target) {
      state.reads++;
      state.roomBytes = target.length;
      const piece = left.shift();
      if (piece !== undefined) {
        target.set(piece);
        return Promise.resolve(piece.length);
      }
      if (then === "silence") return new Promise(() => {});
      if (then === "end") return Promise.resolve(0);
      return Promise.reject(new Failure("upstream_closed", "cut"));
    },
  };
  const clock = new FakeClock();
  const stream = new AnswerStream(body, { clock, onStalled: () => void state.stalled++ });
  return { clock, state, stream, readable: stream.readable };
}

async function rejectsAs(work: Promise<unknown>, kind: string): Promise<void> {
  await assert.rejects(work, (error) => error instanceof Failure && error.kind === kind);
}

Deno.test("AnswerStream: gives every byte and ends", async () => {
  assert.equal(
    await new Response(streamOf(["one", "two", "three"]).readable).text(),
    "onetwothree",
  );
  assert.equal(await new Response(streamOf([]).readable).text(), "");
});

Deno.test("AnswerStream: reads nothing before it is asked to, and one piece at a time", async () => {
  const { readable, state } = streamOf(["one", "two"]);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(state.reads, 0);
  const reader = readable.getReader();
  assert.deepEqual((await reader.read()).value, text("one"));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(state.reads, 1);
});

Deno.test("AnswerStream: allocates no more than a short body needs", async () => {
  const cases = [[5, 5], [0, 1], [undefined, BODY_READ_BYTES], [1e9, BODY_READ_BYTES]] as const;
  for (const [length, expected] of cases) {
    const { readable, state } = streamOf(["a"], { length });
    await readable.getReader().read();
    assert.equal(state.roomBytes, expected, `${length}`);
  }
});

Deno.test("AnswerStream: a body that breaks off is the stream's error", async () => {
  const { clock, readable, state } = streamOf(["one"], { then: "error" });
  const reader = readable.getReader();
  await reader.read();
  await rejectsAs(reader.read(), "upstream_closed");
  await clock.advance(2 * CLIENT_WRITE_TIMEOUT_MS);
  assert.equal(state.stalled, 0, "it is over");
});

Deno.test("AnswerStream: cancelling it cancels the body, also while a read is pending", async () => {
  for (const isPending of [false, true]) {
    const { clock, readable, state } = streamOf([], { then: "silence" });
    const reader = readable.getReader();
    const pending = isPending ? reader.read() : undefined;
    await reader.cancel();
    assert.equal(state.isCancelled, true);
    if (pending !== undefined) assert.equal((await pending).done, true);
    assert.equal(clock.pending, 0, "no timer is left");
  }
});

Deno.test("AnswerStream: there and back again is the same", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(50_000));
  let at = 0;
  const body: Body = {
    length: undefined,
    trailers: [],
    isTouched: false,
    cancel: () => {},
    read(target) {
      const piece = bytes.subarray(at, at + Math.min(target.length, 7_001));
      target.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
  };
  const { readable } = new AnswerStream(body, { clock: new FakeClock(), onStalled: () => {} });
  const back = streamToBody(readable, { length: bytes.length });
  const all: number[] = [];
  const target = new Uint8Array(4_096);
  for (let count; (count = await back.read(target)) > 0;) all.push(...target.subarray(0, count));
  assert.deepEqual(Uint8Array.from(all), bytes);
});

Deno.test("AnswerStream: a client that takes nothing is given up, the body is let go", async () => {
  for (const taken of [0, 1]) {
    const { clock, readable, state } = streamOf(["one", "two", "three"]);
    const reader = readable.getReader();
    for (let count = 0; count < taken; count++) await reader.read();
    await clock.advance(CLIENT_WRITE_TIMEOUT_MS - 1);
    assert.deepEqual([state.isCancelled, state.stalled], [false, 0]);
    await clock.advance(1);
    assert.deepEqual([state.isCancelled, state.stalled], [true, 1]);
    await rejectsAs(reader.read(), "client_gone");
    await clock.advance(2 * CLIENT_WRITE_TIMEOUT_MS);
    assert.deepEqual([state.stalled, clock.pending], [1, 0]);
  }
});

Deno.test("AnswerStream: a slow client is not, nor one that waits for a slow server", async () => {
  const { clock, readable, state } = streamOf(["one", "two", "three"], { then: "silence" });
  const reader = readable.getReader();
  for (let count = 0; count < 3; count++) {
    await clock.advance(CLIENT_WRITE_TIMEOUT_MS - 1);
    assert.ok((await reader.read()).value);
  }
  const pending = reader.read();
  await clock.advance(10 * CLIENT_WRITE_TIMEOUT_MS);
  assert.deepEqual([state.isCancelled, state.stalled], [false, 0]);
  await reader.cancel();
  assert.equal((await pending).done, true);
});

Deno.test("AnswerStream: one that has all but the last pieces is given up, too", async () => {
  const { clock, readable, state } = streamOf(["one"]);
  assert.equal(await new Response(readable).text(), "one");
  await clock.advance(CLIENT_WRITE_TIMEOUT_MS);
  assert.deepEqual([state.isCancelled, state.stalled], [false, 1], "nothing is left to cancel");
});

Deno.test("AnswerStream: settled, it gives nobody up, and each chunk costs no timer", async () => {
  const { clock, readable, state, stream } = streamOf(["one", "two"]);
  const reader = readable.getReader();
  await reader.read();
  await reader.read();
  assert.equal(clock.pending, 1);
  stream.settle();
  assert.equal(clock.pending, 0);
  await clock.advance(2 * CLIENT_WRITE_TIMEOUT_MS);
  assert.equal(state.stalled, 0);
});
