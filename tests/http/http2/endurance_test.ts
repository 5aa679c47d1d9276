/**
 * What a connection has to bear for long: streams that wait, are given up or come in odd pieces. None of
 * it may grow, end others, or end who does nothing wrong.
 */
import assert from "node:assert/strict";
import { CLIENT_BODY_TIMEOUT_MS } from "../../../lib/base/limits.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import type { Answer } from "../../../lib/http/message.ts";
import { textAnswer } from "../../support/http1_place.ts";
import { PLACE_TIMEOUTS } from "../../support/place_context.ts";
import {
  CODE,
  concat,
  encodeData,
  encodePing,
  encodeReset,
  encodeSettings,
  FLAG,
  FRAME,
  FRAME_MAX_BYTES,
  PREFACE,
  repeat,
  SETTING,
} from "../../support/http2_frames.ts";
import { readOrFail } from "../../support/http2_messages.ts";
import { Http2Place } from "../../support/http2_place.ts";

/** Waits until the client has given the request up. */
function whenGone({ signal }: Exchange): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Never answers under `/wait`, and gives the body up at once under `/cancel`. */
async function handler(exchange: Exchange): Promise<Answer> {
  const { body, target } = exchange;
  if (target === "/cancel") body?.cancel();
  if (target !== "/") await whenGone(exchange);
  return textAnswer(await readOrFail(exchange));
}

async function start(handle = handler, windowBytes = 65_535): Promise<Http2Place> {
  const client = new Http2Place(handle);
  client.witness.keepsBodies = false;
  await client.greet([[SETTING.initialWindowSize, windowBytes]]);
  return client;
}

/** Sends a body that nobody reads, as far as the windows let it. */
async function fill(client: Http2Place, id: number): Promise<void> {
  const { witness } = client;
  const room = () => Math.min(witness.sendWindowBytes, witness.stream(id).sendWindowBytes);
  while (room() > 0) {
    client.send(encodeData(id, new Uint8Array(Math.min(room(), FRAME_MAX_BYTES))));
    await client.settle(1);
  }
}

Deno.test("Http2Connection: answers that are given up while the connection's window is closed are let go", async () => {
  const BODY_BYTES = 524_288;
  const ROUNDS = 12;
  const body = () => Promise.resolve({ ...textAnswer(""), body: new Uint8Array(BODY_BYTES) });
  const client = await start(body, 1_000_000);
  client.open();
  await client.settle();
  assert.equal(client.witness.windowBytes, 0);
  const before = Deno.memoryUsage().external;
  for (let round = 0; round < ROUNDS; round++) {
    // As many in a second as may go on for ever.
    const ids = Array.from({ length: 90 }, () => client.open());
    await client.settle();
    client.send(concat(ids.map((id) => encodeReset(id))));
    await client.settle();
    await client.clock.advance(1_000);
  }
  assert.equal(client.witness.goaway, undefined, client.witness.describe());
  // What is not collected yet counts as well.
  const grownBytes = Deno.memoryUsage().external - before;
  const allBytes = ROUNDS * 90 * BODY_BYTES;
  assert.ok(grownBytes < allBytes / 2, `${grownBytes} of ${allBytes} bytes`);
  await client.leave();
});

Deno.test("Http2Connection: an upload that nobody reads does not hold up another", async () => {
  const client = await start();
  await fill(client, client.open({ method: "POST", path: "/wait", isWhole: false }));
  const id = client.open({ method: "POST", isWhole: false });
  for (let sent = 0; sent < 100; sent++) {
    await client.until(() => client.witness.sendWindowBytes >= FRAME_MAX_BYTES, "more room", 50);
    client.send(encodeData(id, new Uint8Array(FRAME_MAX_BYTES)));
    await client.settle(1);
  }
  client.send(encodeData(id, "", FLAG.endStream));
  await client.settle();
  assert.equal(client.witness.stream(id).head?.status, 200, client.witness.describe());
  await client.leave();
});

Deno.test("Http2Connection: who is given no room to send is not taken for silent", async () => {
  const client = await start();
  // Uploads that nobody reads, until the connection's window is used up.
  for (let count = 0; count < 100 && client.witness.sendWindowBytes > 0; count++) {
    await fill(client, client.open({ method: "POST", path: "/wait", isWhole: false }));
  }
  assert.equal(client.witness.sendWindowBytes, 0);
  const id = client.open({ method: "POST", isWhole: false });
  await client.settle();
  for (let passedMs = 0; passedMs < 2 * CLIENT_BODY_TIMEOUT_MS; passedMs += 5_000) {
    await client.clock.advance(5_000);
  }
  assert.equal(client.counters.get("body_timeout"), 0);
  // With room again, its time runs again.
  client.send(encodeReset(1));
  await client.settle();
  assert.ok(client.witness.sendWindowBytes > 0);
  await client.clock.advance(CLIENT_BODY_TIMEOUT_MS + 5_000);
  assert.equal(client.counters.get("body_timeout"), 1);
  assert.equal(client.witness.stream(id).head?.status, 200);
  await client.leave();
});

Deno.test("Http2Connection: a flood of single bytes for a body that was given up is ended", async () => {
  const client = await start();
  const id = client.open({ method: "POST", path: "/cancel", isWhole: false });
  await client.settle();
  const bytes = repeat(encodeData(id, "x"), 1_000);
  for (let writes = 0; writes < 60 && client.witness.goaway === undefined; writes++) {
    client.send(bytes);
    await client.settle(1);
  }
  assert.equal(client.witness.goaway?.code, CODE.enhanceYourCalm);
  await client.leave();
});

Deno.test("Http2Connection: GOAWAY never names a higher stream than the one before (RFC 9113 §6.8)", async () => {
  const client = await start();
  client.open({ path: "/wait" });
  await client.settle();
  client.connection.drain();
  await client.settle();
  assert.deepEqual(client.witness.goaway, { lastStream: 1, code: CODE.noError });
  client.open();
  client.open();
  await client.settle();
  assert.equal(client.exchanges.length, 1, "those that come later are not served");
  client.frame({ type: FRAME.pushPromise, flags: 0, stream: 1 }, [0, 0, 0, 2]);
  await client.settle();
  assert.deepEqual(client.witness.goaway, { lastStream: 1, code: CODE.protocolError });
  await client.leave();
});

Deno.test("Http2Connection: drain lets what is in flight finish, and then ends", async () => {
  const answer = Promise.withResolvers<Answer>();
  const client = await start(() => answer.promise);
  const id = client.open();
  await client.settle();
  client.connection.drain();
  client.connection.drain();
  await client.settle();
  assert.equal(client.isFinished, false);
  answer.resolve(textAnswer("whole"));
  await client.settle();
  assert.deepEqual([client.witness.stream(id).isEnded, client.witness.goaway?.code], [true, 0]);
  await client.clock.advance(10_000);
  await client.expectOver();
});

Deno.test("Http2Connection: a preface in pieces takes no more than the small buffer", async () => {
  const client = new Http2Place(handler);
  let lent = 0;
  const take = client.buffers.take.bind(client.buffers);
  client.buffers.take = () => {
    lent++;
    return take();
  };
  for (const byte of concat([PREFACE, encodeSettings().subarray(0, 5)])) {
    client.send(Uint8Array.of(byte));
    await client.settle(1);
  }
  // What is written takes one, whatever is read.
  assert.ok(lent <= 1, `${lent} buffers`);
  await client.leave();
});

Deno.test("Http2Connection: a client whose writes never end with a frame is not taken for slow", async () => {
  const client = await start();
  const ping = encodePing();
  client.send(ping.subarray(0, 10));
  for (let passedMs = 0; passedMs < 3 * PLACE_TIMEOUTS.headerMs; passedMs += 2_500) {
    await client.clock.advance(2_500);
    client.send(concat([ping.subarray(10), ping, ping.subarray(0, 10)]));
    await client.settle();
  }
  assert.equal(client.witness.goaway, undefined, client.witness.describe());
  // But one that is never whole is.
  await client.clock.advance(PLACE_TIMEOUTS.headerMs + 1_000);
  assert.notEqual(client.witness.goaway, undefined);
  await client.leave();
});

Deno.test("Http2Connection: time limits for the greeting, a field section, and between requests", async () => {
  const { headerMs, keepAliveMs } = PLACE_TIMEOUTS;
  const cases: readonly (readonly [string, number, (client: Http2Place) => Promise<void>])[] = [
    ["nothing", headerMs, () => Promise.resolve()],
    ["a preface", headerMs, (client) => Promise.resolve(client.send(PREFACE))],
    ["a greeting", keepAliveMs, (client) => client.greet()],
    ["an answer", keepAliveMs, async (client) => {
      await client.greet();
      await client.ask();
    }],
    ["half a field section", headerMs, async (client) => {
      await client.greet();
      client.frame({ type: FRAME.headers, flags: FLAG.endStream, stream: 1 }, [0x82]);
    }],
  ];
  for (const [what, limitMs, play] of cases) {
    const client = new Http2Place(handler);
    await play(client);
    await client.settle();
    await client.clock.advance(limitMs - 500);
    assert.equal(client.witness.goaway, undefined, `${what}: not yet`);
    await client.clock.advance(1_000);
    assert.equal(client.wire.isClosed || client.witness.goaway !== undefined, true, what);
    await client.clock.advance(10_000);
    await client.expectOver();
  }
});
