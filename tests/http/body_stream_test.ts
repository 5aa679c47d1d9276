import assert from "node:assert/strict";
import { Failure } from "../../lib/base/failures.ts";
import { BODY_READ_BYTES } from "../../lib/base/limits.ts";
import { bodyToStream, streamToBody } from "../../lib/http/body_stream.ts";
import type { Body } from "../../lib/http/message.ts";

/** Records what the runtime's side of a stream is asked for. */
interface Watched {
  readonly stream: ReadableStream<Uint8Array>;
  pulls: number;
  isCancelled: boolean;
}

type End = "end" | "error" | "silence";

/** A stream of pieces, as bytes (as the runtime's are) or of the ordinary type. */
function watch(type: "bytes" | undefined, pieces: readonly Uint8Array[], then: End = "end") {
  const left = [...pieces];
  const source = {
    pull(controller: ReadableStreamDefaultController<Uint8Array> | ReadableByteStreamController) {
      watched.pulls++;
      const piece = left.shift();
      // The stream takes the buffer over.
      if (piece !== undefined) return controller.enqueue(piece.slice());
      if (then === "error") return controller.error(new Error("reset by client"));
      if (then === "silence") return new Promise<void>(() => {});
      controller.close();
      (controller as Partial<ReadableByteStreamController>).byobRequest?.respond(0);
    },
    cancel: () => void (watched.isCancelled = true),
  };
  const stream = type === "bytes"
    ? new ReadableStream({ ...source, type } as UnderlyingByteSource)
    : new ReadableStream(source as UnderlyingDefaultSource, { highWaterMark: 0 });
  const watched: Watched = { stream, pulls: 0, isCancelled: false };
  return watched;
}

async function readAll(body: Body, roomBytes: number): Promise<Uint8Array> {
  const all: number[] = [];
  const target = new Uint8Array(roomBytes);
  for (let count; (count = await body.read(target)) > 0;) all.push(...target.subarray(0, count));
  assert.equal(target.buffer.detached, false, "the reader keeps its buffer");
  return Uint8Array.from(all);
}

const text = (data: string) => new TextEncoder().encode(data);
const kindOf = (error: unknown) => error instanceof Failure ? error.kind : error;

async function rejectsAs(work: Promise<unknown>, kind: string, what?: string): Promise<void> {
  await work.then(() => assert.fail(`${what} succeeded`), (error) => {
    assert.equal(kindOf(error), kind, what);
  });
}

for (const type of ["bytes", undefined] as const) {
  const name = `streamToBody (${type ?? "ordinary"} stream)`;

  Deno.test(`${name}: gives every byte, whatever the room and the pieces`, async () => {
    const pieces = [1, 2, 0, 5, 16_384, 65_536, 65_537].filter((size) => type === undefined || size)
      .map((size) => Uint8Array.from({ length: size }, (_, index) => (index * 7 + size) % 251));
    const expected = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
    for (const roomBytes of [1, 3, 1_000, 65_535, 65_536, 200_000]) {
      const length = roomBytes % 2 === 0 ? undefined : expected.length;
      const body = streamToBody(watch(type, pieces).stream, { length });
      assert.equal(body.length, length);
      assert.deepEqual(await readAll(body, roomBytes), expected, `room ${roomBytes}`);
      assert.equal(await body.read(new Uint8Array(1)), 0, "the end stays the end");
      assert.deepEqual(body.trailers, []);
    }
  });

  Deno.test(`${name}: touches the stream not before it is read`, async () => {
    const watched = watch(type, [text("hello")]);
    const body = streamToBody(watched.stream, { length: 5 });
    await Promise.resolve();
    assert.deepEqual([body.isTouched, watched.stream.locked, watched.pulls], [false, false, 0]);
    await body.read(new Uint8Array(2));
    assert.deepEqual([body.isTouched, watched.pulls], [true, 1]);
  });

  Deno.test(`${name}: a stream that breaks off is client_gone`, async () => {
    const body = streamToBody(watch(type, [text("a")], "error").stream, { length: undefined });
    await body.read(new Uint8Array(9));
    await rejectsAs(body.read(new Uint8Array(9)), "client_gone");
  });

  Deno.test(`${name}: a reset that looks like the end is client_gone, by the signal`, async () => {
    for (const isAborted of [true, false]) {
      const abort = new AbortController();
      const { signal } = abort;
      const body = streamToBody(watch(type, [text("a")]).stream, { length: undefined, signal });
      assert.equal(await body.read(new Uint8Array(9)), 1);
      if (isAborted) abort.abort();
      const end = body.read(new Uint8Array(9));
      if (isAborted) await rejectsAs(end, "client_gone");
      else assert.equal(await end, 0);
    }
  });

  Deno.test(`${name}: cancelling lets the stream go, and never looks like the end`, async () => {
    const untouched = watch(type, [text("a")]);
    const first = streamToBody(untouched.stream, { length: undefined });
    first.cancel();
    first.cancel();
    assert.equal(untouched.isCancelled, true);
    await rejectsAs(first.read(new Uint8Array(9)), "client_gone", "read after cancel");

    const silent = watch(type, [text("a")], "silence");
    const second = streamToBody(silent.stream, { length: undefined });
    await second.read(new Uint8Array(9));
    const pending = second.read(new Uint8Array(9));
    second.cancel();
    await rejectsAs(pending, "client_gone", "pending read");
    assert.equal(silent.isCancelled, true);

    const ended = streamToBody(watch(type, []).stream, { length: 0 });
    assert.equal(await ended.read(new Uint8Array(9)), 0);
    ended.cancel();
  });
}

/** A body of pieces that notes what becomes of it. */
function bodyOf(pieces: readonly string[], then: End = "end", length?: number) {
  const left = pieces.map(text);
  const state = { reads: 0, isCancelled: false, roomBytes: 0 };
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
  return { body, state };
}

Deno.test("bodyToStream: gives every byte and ends", async () => {
  const { body } = bodyOf(["one", "two", "three"]);
  assert.equal(await new Response(bodyToStream(body)).text(), "onetwothree");
  assert.equal(await new Response(bodyToStream(bodyOf([]).body)).text(), "");
});

Deno.test("bodyToStream: reads nothing before it is asked to, and one piece at a time", async () => {
  const { body, state } = bodyOf(["one", "two"]);
  const stream = bodyToStream(body);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(state.reads, 0);
  const reader = stream.getReader();
  assert.deepEqual((await reader.read()).value, text("one"));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(state.reads, 1);
});

Deno.test("bodyToStream: allocates no more than a short body needs", async () => {
  const cases = [[5, 5], [0, 1], [undefined, BODY_READ_BYTES], [1e9, BODY_READ_BYTES]] as const;
  for (const [length, expected] of cases) {
    const { body, state } = bodyOf(["a"], "end", length);
    await bodyToStream(body).getReader().read();
    assert.equal(state.roomBytes, expected, `${length}`);
  }
});

Deno.test("bodyToStream: a body that breaks off is the stream's error", async () => {
  const reader = bodyToStream(bodyOf(["one"], "error").body).getReader();
  await reader.read();
  await rejectsAs(reader.read(), "upstream_closed");
});

Deno.test("bodyToStream: cancelling it cancels the body, also while a read is pending", async () => {
  for (const isPending of [false, true]) {
    const { body, state } = bodyOf([], "silence");
    const reader = bodyToStream(body).getReader();
    const pending = isPending ? reader.read() : undefined;
    await reader.cancel();
    assert.equal(state.isCancelled, true);
    if (pending !== undefined) assert.equal((await pending).done, true);
  }
});

Deno.test("bodyToStream and streamToBody: there and back again is the same", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(50_000));
  let at = 0;
  const body: Body = {
    ...bodyOf([]).body,
    read(target) {
      const piece = bytes.subarray(at, at + Math.min(target.length, 7_001));
      target.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
  };
  const back = streamToBody(bodyToStream(body), { length: bytes.length });
  assert.deepEqual(await readAll(back, 4_096), bytes);
});
