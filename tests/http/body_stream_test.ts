import assert from "node:assert/strict";
import { Failure } from "../../lib/base/failures.ts";
import { CLIENT_BODY_TIMEOUT_MS } from "../../lib/base/limits.ts";
import { streamToBody } from "../../lib/http/body_stream.ts";
import type { Body } from "../../lib/http/message.ts";
import { FakeClock } from "../support/fake_clock.ts";

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

/** A body whose client is limited, and what was said of it. */
function limited(pieces: readonly Uint8Array[], then: End) {
  const clock = new FakeClock();
  const state = { silent: 0 };
  const watched = watch("bytes", pieces, then);
  const body = streamToBody(watched.stream, {
    length: undefined,
    silence: { clock, onSilent: () => void state.silent++ },
  });
  return { body, clock, state, watched };
}

Deno.test("streamToBody: a client that is silent while it is read from is client_silent", async () => {
  const { body, clock, state, watched } = limited([text("a")], "silence");
  assert.equal(await body.read(new Uint8Array(9)), 1);
  const pending = body.read(new Uint8Array(9));
  const rejected = rejectsAs(pending, "client_silent", "pending read");
  await clock.advance(CLIENT_BODY_TIMEOUT_MS - 1);
  assert.deepEqual([watched.isCancelled, state.silent], [false, 0]);
  await clock.advance(1);
  await rejected;
  assert.deepEqual([watched.isCancelled, state.silent, clock.pending], [true, 1, 0]);
  await rejectsAs(body.read(new Uint8Array(9)), "client_silent", "later read");
});

Deno.test("streamToBody: nobody is limited who is not being read from", async () => {
  const { body, clock, state } = limited([text("a"), text("b")], "end");
  await clock.advance(2 * CLIENT_BODY_TIMEOUT_MS);
  assert.equal(await body.read(new Uint8Array(9)), 1);
  await clock.advance(2 * CLIENT_BODY_TIMEOUT_MS);
  assert.equal(await body.read(new Uint8Array(9)), 1);
  assert.equal(await body.read(new Uint8Array(9)), 0);
  assert.deepEqual([state.silent, clock.pending], [0, 0]);
});

for (const then of ["end", "error", "silence"] as const) {
  Deno.test(`streamToBody: leaves no timer behind (${then})`, async () => {
    const { body, clock, state } = limited([], then);
    const pending = body.read(new Uint8Array(9)).catch(() => {});
    assert.equal(clock.pending, 1);
    if (then === "silence") body.cancel();
    await pending;
    await clock.advance(2 * CLIENT_BODY_TIMEOUT_MS);
    assert.deepEqual([state.silent, clock.pending], [0, 0]);
  });
}
