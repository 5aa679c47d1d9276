/**
 * What the relay does to bytes: nothing, in whatever pieces they come and however slowly they are read.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Random } from "../../support/random.ts";
import { Fixture, hello, type MakeEngine, until } from "./fixture.ts";
import { NAME, openPair } from "./open_pair.ts";
import { Peer, TestServer } from "./peer.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** One below, at and one above each buffer that an engine may have. */
const SIZES = [2 * KIB, 4 * KIB, 16 * KIB, 64 * KIB, MIB].flatMap((
  size,
) => [size - 1, size, size + 1]);

/** By how much the process may grow while a fast writer waits for a slow reader: the kernel's socket
 * buffers lie outside the process, and an engine that stored the stream would take 128 MiB. */
const GROWTH_MAX_BYTES = 64 * MIB;

/** Registers the tests. */
export function bytesTests(name: string, makeEngine: MakeEngine): void {
  for (const size of SIZES) {
    Deno.test(`${name} bytes: ${size} arrive unchanged in both directions at once`, async () => {
      await using pair = await openPair(makeEngine);
      const { client, server, fixture } = pair;
      const up = pattern(size, 1);
      const down = pattern(size, 2);
      const [, , gotUp, gotDown] = await Promise.all([
        client.write(up).then(() => client.end()),
        server.write(down).then(() => server.end()),
        server.readToEnd(),
        client.readToEnd(),
      ]);
      assertSame(gotUp, up);
      assertSame(gotDown, down);
      const record = await fixture.recorded();
      assert.equal(record.bytesUp, size + hello(NAME).length);
      assert.equal(record.bytesDown, size);
      assert.equal(record.end, "closed");
    });
  }

  Deno.test(`${name} single_bytes: 300 one at a time arrive in both directions`, async () => {
    await using pair = await openPair(makeEngine);
    const bytes = pattern(300, 3);
    for (const byte of bytes) {
      await pair.client.write(Uint8Array.of(byte));
      assert.deepEqual(await pair.server.read(1), Uint8Array.of(byte));
      await pair.server.write(Uint8Array.of(byte));
      assert.deepEqual(await pair.client.read(1), Uint8Array.of(byte));
    }
  });

  for (const pieceMaxBytes of [1, 2, 5, 100]) {
    Deno.test(`${name} hello_in_pieces: of up to ${pieceMaxBytes} bytes is forwarded verbatim`, async () => {
      using testServer = new TestServer();
      const routes = [{ hosts: [NAME], servers: [testServer.port] }];
      await using fixture = new Fixture(makeEngine, { routes });
      using client = await fixture.connect();
      const bytes = hello(NAME);
      let start = 0;
      for (const end of new Random(pieceMaxBytes).cuts(bytes.length, pieceMaxBytes)) {
        await client.write(bytes.subarray(start, end));
        start = end;
      }
      const server = await testServer.accept();
      assert.deepEqual(await server.read(bytes.length), bytes);
    });
  }

  Deno.test(`${name} early_data: bytes that come with the hello are forwarded behind it`, async () => {
    using testServer = new TestServer();
    const routes = [{ hosts: [NAME], servers: [testServer.port] }];
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect();
    const bytes = Uint8Array.from([...hello(NAME), ...pattern(10_000, 4)]);
    await client.write(bytes);
    const server = await testServer.accept();
    assert.deepEqual(await server.read(bytes.length), bytes);
  });

  for (const direction of ["up", "down"] as const) {
    Deno.test(`${name} slow_reader: a fast writer ${direction} is held back, in less than 64 MiB`, async () => {
      await using pair = await openPair(makeEngine);
      const [writer, reader] = direction === "up"
        ? [pair.client, pair.server]
        : [pair.server, pair.client];
      const total = 128 * MIB;
      const before = Deno.memoryUsage().rss;
      const progress = { bytes: 0 };
      const writing = writeChunks(writer, total, progress);
      await untilQuiet(progress);
      assert.ok(progress.bytes < 64 * MIB, `${progress.bytes} bytes were taken with no reader`);
      const growth = Deno.memoryUsage().rss - before;
      assert.ok(growth < GROWTH_MAX_BYTES, `grew by ${growth} bytes`);
      assert.equal(await readChunks(reader), total);
      await writing;
    });
  }

  Deno.test(`${name} busy_neighbour: a stream at full speed does not hold up a small one`, async () => {
    await using bulk = await openPair(makeEngine);
    using client = await bulk.fixture.connect(NAME);
    const server = await bulk.testServer.accept();
    await server.read(hello(NAME).length);
    let isBusy = true;
    const reading = readChunks(bulk.server);
    const writing = (async () => {
      while (isBusy) await bulk.client.write(new Uint8Array(64 * KIB));
      await bulk.client.end();
    })();
    const startedAt = performance.now();
    for (let turn = 0; turn < 100; turn++) {
      await client.write(Uint8Array.of(turn));
      assert.deepEqual(await server.read(1), Uint8Array.of(turn));
    }
    const meanMs = (performance.now() - startedAt) / 100;
    isBusy = false;
    await Promise.all([writing, reading]);
    // The writer, the reader and at times the relay share one thread, and a busy machine has others.
    assert.ok(meanMs < 500, `a byte takes ${meanMs} ms`);
  });
}

/** Bytes that are alike in no two places near each other. */
function pattern(size: number, seed: number): Uint8Array<ArrayBuffer> {
  const random = new Random(seed);
  const block = random.bytes(4099); // A prime: the pattern does not fit any buffer.
  return Uint8Array.from({ length: size }, (_, at) => block[at % 4099]);
}

/** `assert.deepEqual` of a mebibyte takes minutes to say what differs. */
function assertSame(actual: Uint8Array | string, expected: Uint8Array): void {
  assert.ok(typeof actual !== "string", "the stream was reset");
  assert.equal(actual.length, expected.length);
  assert.equal(actual.findIndex((byte, at) => byte !== expected[at]), -1, "first different byte");
}

async function writeChunks(
  peer: Peer,
  total: number,
  progress: { bytes: number },
): Promise<void> {
  const chunk = new Uint8Array(64 * KIB);
  while (progress.bytes < total) {
    progress.bytes += await peer.connection.write(chunk.subarray(0, total - progress.bytes));
  }
  await peer.end();
}

async function readChunks(peer: Peer): Promise<number> {
  const chunk = new Uint8Array(64 * KIB);
  let total = 0;
  for (let count = await peer.connection.read(chunk); count !== null;) {
    total += count;
    count = await peer.connection.read(chunk);
  }
  return total;
}

/** Waits until nothing has moved for a quarter of a second: nobody says "I would block". */
async function untilQuiet(progress: { bytes: number }): Promise<void> {
  let seen = -1;
  let seenAt = performance.now();
  await until(() => {
    if (progress.bytes !== seen) {
      seen = progress.bytes;
      seenAt = performance.now();
    }
    return seen > 0 && performance.now() - seenAt > 250;
  }, () => "a writer that is held back");
}
