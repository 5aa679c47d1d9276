import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { brotliDecompressSync, constants, gunzipSync } from "node:zlib";
import { Failure } from "../../../lib/base/failures.ts";
import { COMPRESS_FLUSH_PAUSE_MS, TURN_BYTES } from "../../../lib/base/limits.ts";
import type { Body, HeaderLine } from "../../../lib/http/message.ts";
import { CompressedBody } from "../../../lib/http/policy/compressed_body.ts";
import { CompressionSlots } from "../../../lib/http/policy/compression_slots.ts";
import { openCompressor } from "../../../lib/http/policy/compressor.ts";
import { countTurns } from "../../support/counted_turns.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { Random } from "../../support/random.ts";

/** A body whose sender is the test. */
class SentBody implements Body {
  readonly length = undefined;
  trailers: readonly HeaderLine[] = [];
  isTouched = false;
  reads = 0;
  cancels = 0;
  #waiting: { target: Uint8Array; resolve: (count: number) => void; reject: (e: Error) => void }[] =
    [];
  #sent: (Uint8Array | Error)[] = [];

  read(target: Uint8Array): Promise<number> {
    this.isTouched = true;
    this.reads++;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#waiting.push({ target, resolve, reject });
    this.#serve();
    return promise;
  }

  /** Sends a piece; an empty one is the end. */
  send(piece: Uint8Array | string | Error): void {
    this.#sent.push(typeof piece === "string" ? Buffer.from(piece) : piece);
    this.#serve();
  }

  cancel(): void {
    this.cancels++;
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new Failure("client_gone", "given up"));
    }
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.#sent.length > 0) {
      const [{ target, resolve, reject }, piece] = [this.#waiting.shift()!, this.#sent.shift()!];
      if (piece instanceof Error) {
        reject(piece);
        continue;
      }
      target.set(piece.subarray(0, target.length));
      if (piece.length > target.length) this.#sent.unshift(piece.subarray(target.length));
      resolve(Math.min(piece.length, target.length));
    }
  }
}

function compressed(encoding: "br" | "gzip" = "gzip") {
  const source = new SentBody();
  const clock = new FakeClock();
  const slots = new CompressionSlots();
  const compressor = openCompressor(encoding);
  const body = new CompressedBody(source, { clock, compressor, slot: slots.take()! });
  return { source, clock, slots, body };
}

async function readAll(body: Body, bytes = 512): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const target = new Uint8Array(bytes);
    const count = await body.read(target);
    if (count === 0) return Buffer.concat(pieces);
    pieces.push(target.subarray(0, count));
  }
}

for (const encoding of ["br", "gzip"] as const) {
  for (const targetBytes of [1, 7, 4_096, 200_000]) {
    Deno.test(`CompressedBody: ${encoding} read ${targetBytes} at a time is whole, seed 3`, async () => {
      const random = new Random(3);
      const { source, body, slots } = compressed(encoding);
      const input: Uint8Array[] = [];
      for (let count = 0; count < 12; count++) {
        const size = random.below(targetBytes === 1 ? 2_000 : 60_000) + 1;
        input.push(count % 2 ? random.bytes(size) : Buffer.alloc(size, `line ${count}\n`));
      }
      for (const piece of [...input, ""]) source.send(piece);
      const output = await readAll(body, targetBytes);
      const plain = encoding === "br" ? brotliDecompressSync(output) : gunzipSync(output);
      assert(plain.equals(Buffer.concat(input)));
      assert.equal(slots.taken, 0);
      assert.equal(await body.read(new Uint8Array(1)), 0, "the end stays the end");
      assert.equal(source.cancels, 0);
    });
  }
}

Deno.test("CompressedBody: is as touched as its source, and has its trailers", async () => {
  const { source, body } = compressed();
  assert.deepEqual([body.isTouched, body.length, source.reads], [false, undefined, 0]);
  source.send("x");
  source.send("");
  await readAll(body);
  source.trailers = [["A", "b"]];
  assert.equal(body.isTouched, true);
  assert.deepEqual(body.trailers, [["A", "b"]]);
});

Deno.test("CompressedBody: what the sender has sent before a pause gets to the client", async () => {
  const { source, clock, body } = compressed();
  const output: Uint8Array[] = [];
  let input = "";
  for (const line of ["one\n", "two\n", "three\n"]) {
    input += line;
    source.send(line);
    const target = new Uint8Array(1_000);
    // The head of gzip comes out at once; what it holds only by a flush.
    const isThere = () =>
      gunzipSync(Buffer.concat(output), { finishFlush: constants.Z_SYNC_FLUSH }).toString() ===
        input;
    do {
      const reading = body.read(target);
      while (clock.pending === 0 && !await isSettled(reading)) { /* zlib works */ }
      await clock.advance(COMPRESS_FLUSH_PAUSE_MS);
      output.push(target.slice(0, await reading));
    } while (!isThere());
  }
  source.send("");
  output.push(await readAll(body));
  assert.equal(gunzipSync(Buffer.concat(output)).toString(), input);
  assert.equal(clock.pending, 0);
});

/** Looks whether a promise is settled, giving others a turn. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise<false>((resolve) => setTimeout(() => resolve(false), 0));
  return await Promise.race([promise.then(() => true, () => true), turn]);
}

Deno.test("CompressedBody: reads no more than one piece ahead of a slow reader", async () => {
  const { source, body } = compressed();
  const random = new Random(1);
  for (let count = 0; count < 50; count++) source.send(random.bytes(10_000));
  await body.read(new Uint8Array(100));
  const { reads } = source;
  for (let count = 0; count < 20; count++) await body.read(new Uint8Array(100));
  assert(source.reads - reads <= 1, `${source.reads - reads} reads for 2,000 bytes`);
  body.cancel();
});

Deno.test("CompressedBody: a sender that fails is not the end of a whole body", async () => {
  const { source, body, slots } = compressed();
  source.send("x".repeat(1_000));
  source.send(new Failure("upstream_closed", "connection lost"));
  await assert.rejects(readAll(body), (error) => {
    return error instanceof Failure && error.kind === "upstream_closed";
  });
  assert.deepEqual([slots.taken, source.cancels], [0, 1]);
  await assert.rejects(body.read(new Uint8Array(1)), Failure);
});

Deno.test("CompressedBody: a failure in a pause is told to the next read", async () => {
  const { source, clock, body, slots } = compressed();
  source.send("x".repeat(1_000));
  const target = new Uint8Array(1_000);
  await body.read(target);
  const flushed = body.read(target);
  while (clock.pending === 0) await isSettled(flushed);
  await clock.advance(COMPRESS_FLUSH_PAUSE_MS);
  assert(await flushed > 0);
  source.send(new Failure("upstream_closed", "connection lost"));
  await isSettled(Promise.resolve());
  await assert.rejects(readAll(body), Failure);
  assert.equal(slots.taken, 0);
});

Deno.test("CompressedBody: cancelling cancels the sender and gives the slot back, once", async () => {
  const { source, body, slots } = compressed();
  source.send("x".repeat(1_000));
  await body.read(new Uint8Array(10));
  body.cancel();
  body.cancel();
  assert.deepEqual([source.cancels, slots.taken], [1, 0]);
  await assert.rejects(body.read(new Uint8Array(10)), Failure);
});

Deno.test("CompressedBody: cancelling before the first read, and after the end", async () => {
  const before = compressed();
  before.body.cancel();
  assert.deepEqual([before.source.cancels, before.slots.taken, before.source.reads], [1, 0, 0]);
  const after = compressed();
  after.source.send("");
  await readAll(after.body);
  after.body.cancel();
  assert.equal(after.slots.taken, 0);
});

for (const encoding of ["br", "gzip"] as const) {
  Deno.test(`CompressedBody: cancelling while ${encoding} works or waits ends the read`, async () => {
    for (let turns = 0; turns < 12; turns++) {
      const { source, body, slots } = compressed(encoding);
      source.send(Buffer.alloc(32_768, "abc"));
      const reading = readAll(body, 65_536);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      body.cancel();
      await assert.rejects(reading, Failure);
      assert.equal(slots.taken, 0);
    }
  });
}

Deno.test("CompressedBody: what goes in counts, however little comes out, and others have their turn", async () => {
  const total = 64 * 1024 * 1024;
  let left = total;
  const source: Body = {
    length: undefined,
    trailers: [],
    isTouched: true,
    cancel: () => {},
    read(target) {
      const count = Math.min(left, target.length);
      left -= count;
      return Promise.resolve(count);
    },
  };
  const slot = new CompressionSlots().take()!;
  const clock = new FakeClock();
  const body = new CompressedBody(source, { clock, compressor: openCompressor("br"), slot });
  const target = new Uint8Array(65_536);
  const turns = await countTurns(async () => {
    while (await body.read(target) > 0);
  });
  assert.ok(turns >= total / TURN_BYTES / 2, `${turns} turns`);
});
