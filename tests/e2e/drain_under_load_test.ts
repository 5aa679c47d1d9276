import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { formatAddress, type TcpAddress } from "../../lib/base/addresses.ts";
import { type BrokenUpstream, startBrokenUpstream } from "../support/broken_upstream.ts";
import { buildClientHello } from "../support/client_hello_builder.ts";
import { withDeadline } from "../support/deadline.ts";
import { startEchoUpstream } from "../support/echo_upstream.ts";
import { type Postern } from "../support/postern.ts";
import { Random } from "../support/random.ts";
import { openTcp, openTls, type RawClient } from "../support/raw_client.ts";
import { internalCaFile, offloadTo, passTo, startWithRoutes } from "../support/routes.ts";

const SEED = 20_261_121;
const NAME = "a.example";
const HELLO = buildClientHello({ serverName: NAME });

/** Connections that are in the middle of their bytes when the signal comes. */
const LONG = 24;
const LONG_BYTES = 4_194_304;

/** Loops that open one short connection after another until they are refused. */
const LOOPS = 8;
const SHORT_BYTES = 65_536;

/** Of those, so many are served before the signal. */
const SHORT = 200;

/** Bytes written at once. */
const PIECE_BYTES = 65_536;

/** A prime: the bytes repeat, but fit no buffer. */
const PERIOD = 65_521;

const NOISE = new Random(SEED).bytes(PERIOD);

/** The hello and what is sent behind it, beginning somewhere else for each connection. */
function makeStream(length: number, start: number): Uint8Array<ArrayBuffer> {
  const stream = new Uint8Array(HELLO.length + length);
  stream.set(HELLO);
  for (let at = 0; at < length;) {
    const piece = NOISE.subarray((start + at) % PERIOD).subarray(0, length - at);
    stream.set(piece, HELLO.length + at);
    at += piece.length;
  }
  return stream;
}

/** Writes a part of a stream in pieces. */
async function writePart(client: RawClient, stream: Uint8Array, from: number, to: number) {
  for (let at = from; at < to; at += PIECE_BYTES) {
    await client.write(stream.subarray(at, Math.min(to, at + PIECE_BYTES)));
  }
}

/**
 * Reads to the end, or to a reset.
 *
 * @returns How many bytes came.
 * @throws {Error} If one is not that of the stream.
 */
async function readSame(client: RawClient, stream: Uint8Array): Promise<number> {
  const buffer = Buffer.alloc(PIECE_BYTES);
  for (let at = 0;;) {
    const count = await client.connection.read(buffer).catch((error) => {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    });
    if (count === null) return at;
    const isSame = buffer.subarray(0, count).equals(stream.subarray(at, at + count));
    ok(isSame, `changed between byte ${at} and ${at + count}`);
    at += count;
  }
}

/** A connection of which one half is echoed before `go` and the other afterwards. */
async function echoInHalves(
  to: TcpAddress,
  stream: Uint8Array,
  { onHalf, go }: { onHalf: () => void; go: Promise<void> },
): Promise<void> {
  using client = await openTcp(to);
  const middle = Math.floor(stream.length / 2);
  const writing = (async () => {
    await writePart(client, stream, 0, middle);
    onHalf();
    await go;
    await writePart(client, stream, middle, stream.length);
    await client.end();
  })();
  const [length] = await Promise.all([readSame(client, stream), writing]);
  strictEqual(length, stream.length);
}

/** How a short connection went: all of its bytes came back, or none. */
async function echoShort(to: TcpAddress, stream: Uint8Array): Promise<"whole" | "none"> {
  let client: RawClient;
  try {
    client = await openTcp(to);
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return "none";
    if (error instanceof Deno.errors.ConnectionReset) return "none";
    throw error;
  }
  using _client = client;
  // Whether it was taken shows in what comes back.
  const writing = client.write(stream).then(() => client.end()).catch(() => {});
  const length = await readSame(client, stream);
  await writing;
  // It stood in the queue of a socket that was closed.
  if (length === 0) return "none";
  strictEqual(length, stream.length, "a connection that was accepted was cut");
  return "whole";
}

/** Opens short connections until one is refused. @param onServed Called after each of them. */
async function keepOpening(to: TcpAddress, random: Random, onServed: () => void): Promise<void> {
  for (;;) {
    const stream = makeStream(SHORT_BYTES, random.below(PERIOD));
    if (await echoShort(to, stream) === "none") return;
    onServed();
  }
}

function startWith(engine: string, upstream: BrokenUpstream): Promise<Postern> {
  const routes = [passTo(NAME, formatAddress(upstream.address))];
  return startWithRoutes(routes, { top: { relay: { engine } } });
}

for (const engine of ["splice", "portable"]) {
  const isThere = engine === "portable" || Deno.build.os === "linux";
  Deno.test({
    name: `drain_under_load: SIGTERM costs no byte of ${LONG} streams, ${engine}, seed ${SEED}${
      isThere ? "" : " (skipped: not Linux)"
    }`,
    ignore: !isThere,
    fn: async () => {
      const random = new Random(SEED);
      await using upstream = startEchoUpstream();
      await using postern = await startWith(engine, upstream);
      const [to] = postern.https;
      const go = Promise.withResolvers<void>();
      const isBusy = Promise.withResolvers<void>();
      let left = LONG + SHORT;
      const count = () => {
        if (--left === 0) isBusy.resolve();
      };
      const streams = Array.from({ length: LONG }, () => {
        const stream = makeStream(LONG_BYTES, random.below(PERIOD));
        return echoInHalves(to, stream, { onHalf: count, go: go.promise });
      });
      const loops = Array.from({ length: LOOPS }, () => keepOpening(to, random, count));
      await withDeadline(isBusy.promise, 20_000, () => `${left} connections`);
      postern.process.kill("SIGTERM");
      await postern.waitForLog(/ draining open=\d+ /);
      go.resolve();
      await withDeadline(Promise.all([...loops, ...streams]), 25_000, () => "the last byte");
      const { code } = await withDeadline(postern.process.exited, 20_000, () => "the end");
      strictEqual(code, 0);
      match(postern.log.at(-1)!, / stopped finished=\d+ cut=0 /);
    },
  });
}

const BODY_BYTES = 1_000_000;

/** Answers with one half of a body, and with the other when it is let go. */
function startHalvingUpstream(go: Promise<void>): BrokenUpstream {
  const half = "x".repeat(BODY_BYTES / 2);
  return startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n${half}`);
    await Promise.race([go, peer.untilGone()]);
    await peer.write(half);
  });
}

Deno.test(`drain_under_load: SIGTERM costs no byte of ${LONG} downloads, offload`, async () => {
  const go = Promise.withResolvers<void>();
  await using upstream = startHalvingUpstream(go.promise);
  await using postern = await startWithRoutes([
    offloadTo(NAME, `http://${formatAddress(upstream.address)}`),
  ]);
  const caPem = Deno.readTextFileSync(internalCaFile(postern));
  const begun = Array.from({ length: LONG }, () => Promise.withResolvers<void>());
  const downloads = begun.map(async ({ resolve }) => {
    using client = await openTls(postern.https[0], { serverName: NAME, caPem });
    await client.write(`GET / HTTP/1.1\r\nHost: ${NAME}\r\nConnection: close\r\n\r\n`);
    await client.readUntil("\r\n\r\n");
    resolve();
    const { bytes, how } = await client.readToEnd(20_000);
    return { length: bytes.length, how };
  });
  await withDeadline(
    Promise.all(begun.map(({ promise }) => promise)),
    20_000,
    () => "all downloads to begin",
  );
  postern.process.kill("SIGTERM");
  await postern.waitForLog(/ draining open=\d+ /);
  go.resolve();
  const whole = { length: BODY_BYTES, how: "end" };
  deepStrictEqual(await Promise.all(downloads), downloads.map(() => whole));
  strictEqual((await postern.process.exited).code, 0);
  match(postern.log.at(-1)!, / stopped finished=\d+ cut=0 /);
});
