/**
 * What one hostile client can do to the engine, in memory and without time passing, so that nothing but
 * the budget stops it; and what clients do that are only busy, which nothing may stop.
 */
import assert from "node:assert/strict";
import { CLIENT_BODY_TIMEOUT_MS, CLIENT_WRITE_TIMEOUT_MS } from "../../../lib/base/limits.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import type { Answer, Body } from "../../../lib/http/message.ts";
import { textAnswer } from "../../support/http1_place.ts";
import { HTTP2_FLOODS, type Http2Flood, type Http2FloodName } from "../../support/http2_floods.ts";
import {
  CODE,
  concat,
  encodeData,
  encodeHead,
  encodePing,
  encodeReset,
  encodeSettings,
  encodeWindowUpdate,
  FLAG,
  FRAME,
  pseudoFields,
  repeat,
  SETTING,
} from "../../support/http2_frames.ts";
import { readOrFail } from "../../support/http2_messages.ts";
import { HTTP2_HOST, Http2Place } from "../../support/http2_place.ts";

/** Writes after which a flood must have been ended: some 60,000 frames. */
const WRITES_MAX = 60;

/** What the process may take more than before while a flood is played. */
const GROWTH_MAX_BYTES = 64 * 1_048_576;

/** What is seen of answers without end. */
class Endless {
  readBytes = 0;
  cancelled = 0;

  make(): Body {
    return {
      length: undefined,
      trailers: [],
      isTouched: false,
      read: (target) => {
        this.readBytes += target.length;
        return Promise.resolve(target.length);
      },
      cancel: () => void this.cancelled++,
    };
  }
}

function makeHandler(endless = new Endless()) {
  return async (exchange: Exchange): Promise<Answer> => {
    const { signal, target } = exchange;
    if (target === "/wait") {
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve());
      });
    }
    if (target === "/endless") {
      return { status: 200, reason: "", headers: [], body: endless.make() };
    }
    return textAnswer(exchange.body === undefined ? "ok" : await readOrFail(exchange));
  };
}

async function start(
  options: { windowBytes?: number; endless?: Endless } = {},
): Promise<Http2Place> {
  const client = new Http2Place(makeHandler(options.endless));
  client.witness.keepsBodies = false;
  const { windowBytes } = options;
  await client.greet(windowBytes === undefined ? [] : [[SETTING.initialWindowSize, windowBytes]]);
  return client;
}

async function play(client: Http2Place, flood: Http2Flood, writesMax = WRITES_MAX): Promise<void> {
  if (flood.begin !== undefined) client.send(flood.begin(client, HTTP2_HOST));
  await client.settle();
  for (let writes = 0; writes < writesMax && !client.wire.isClosed; writes++) {
    client.send(flood.again(client, HTTP2_HOST));
    await client.settle(1);
  }
}

/** Sees that the connection was ended with ENHANCE_YOUR_CALM, counted, and logged with its client. */
async function expectCalm(client: Http2Place): Promise<void> {
  assert.equal(client.witness.goaway?.code, CODE.enhanceYourCalm, client.witness.describe());
  await client.clock.advance(10_000);
  await client.expectOver();
  assert.equal(client.counters.get("http2_abuse"), 1);
  assert.match(client.lines.join("\n"), /192\.0\.2\.1/);
}

for (const [name, flood] of Object.entries(HTTP2_FLOODS) as [Http2FloodName, Http2Flood][]) {
  Deno.test(`Http2Connection: a flood of ${flood.what} is ended`, async () => {
    const client = await start({ windowBytes: name === "swinging_windows" ? 0 : undefined });
    const before = Deno.memoryUsage();
    await play(client, flood);
    const after = Deno.memoryUsage();
    assert.ok(after.heapUsed - before.heapUsed < GROWTH_MAX_BYTES, "heap");
    assert.ok(after.external - before.external < GROWTH_MAX_BYTES, "buffers");
    await expectCalm(client);
  });
}

Deno.test("Http2Connection: a request every 5 ms, each reset at once, is ended", async () => {
  const client = await start();
  for (let count = 0; count < 20_000 && !client.wire.isClosed; count++) {
    const id = client.takeStream();
    client.send(encodeHead(id, pseudoFields(HTTP2_HOST, "/wait")), encodeReset(id));
    await client.settle(1);
    client.clock.sleep(5);
  }
  await expectCalm(client);
  assert.ok(client.exchanges.length < 10_000, `${client.exchanges.length}`);
});

Deno.test("Http2Connection: handlers that do not heed a reset keep their places", async () => {
  const client = new Http2Place(() => new Promise<Answer>(() => {}));
  await client.greet();
  const most = client.witness.settings.get(SETTING.maxConcurrentStreams)!;
  for (let count = 0; count < 2 * most; count++) client.send(encodeReset(client.open()));
  await client.settle();
  assert.equal(client.exchanges.length, most);
  assert.equal(client.witness.stream(4 * most - 1).resetCode, CODE.refusedStream);
});

Deno.test("Http2Connection: answers of which nothing is taken hold little, and not for ever", async () => {
  const endless = new Endless();
  const client = await start({ windowBytes: 0, endless });
  for (let count = 0; count < 200; count++) client.open({ path: "/endless" });
  await client.settle();
  const most = client.witness.settings.get(SETTING.maxConcurrentStreams)!;
  assert.deepEqual([client.exchanges.length, client.inFlight], [most, most]);
  assert.ok(endless.readBytes <= 2 * 1_048_576, `${endless.readBytes} bytes read ahead`);
  assert.equal(client.witness.frames[FRAME.data], 0);
  await client.clock.advance(CLIENT_WRITE_TIMEOUT_MS + 1_000);
  assert.equal(endless.cancelled, most);
  assert.equal(client.inFlight, 0);
  assert.equal(client.counters.get("answer_timeout"), most);
  assert.equal(client.witness.stream(1).resetCode, CODE.cancel);
  await client.leave();
});

for (const [what, bytes, isGivenUp] of [["64 KiB", 66_000, false], ["a byte", 1, true]] as const) {
  Deno.test(`Http2Connection: an answer of which ${what} are taken now and then`, async () => {
    const endless = new Endless();
    const client = await start({ windowBytes: 0, endless });
    const id = client.open({ path: "/endless" });
    client.send(encodeWindowUpdate(0, 10_000_000));
    for (let round = 1; round <= 5; round++) {
      await client.clock.advance(CLIENT_WRITE_TIMEOUT_MS - 1_000);
      client.send(encodeWindowUpdate(id, bytes));
      await client.settle();
    }
    assert.equal(endless.cancelled, isGivenUp ? 1 : 0);
    if (!isGivenUp) assert.equal(client.witness.stream(id).bodyBytes, 5 * bytes);
    assert.equal(client.counters.get("answer_timeout"), isGivenUp ? 1 : 0);
    await client.leave();
  });
}

Deno.test("Http2Connection: the connection's window held at 0 does not hold for ever either", async () => {
  const endless = new Endless();
  const client = await start({ windowBytes: 1_000_000, endless });
  for (let count = 0; count < 20; count++) client.open({ path: "/endless" });
  await client.settle();
  assert.equal(client.witness.windowBytes, 0);
  await client.clock.advance(CLIENT_WRITE_TIMEOUT_MS + 1_000);
  assert.deepEqual([endless.cancelled, client.inFlight], [20, 0]);
  await client.leave();
});

Deno.test("Http2Connection: a client that sends and never reads is not read from any more", async () => {
  const client = await start();
  client.wire.stall();
  const pings = repeat(encodePing(), 1_000);
  const before = Deno.memoryUsage();
  for (let writes = 0; writes < 100; writes++) {
    client.send(pings);
    // PING by PING within the budget, so that only the output is what limits it.
    await client.clock.advance(10_000 / 2);
    if (client.wire.isClosed) break;
  }
  const after = Deno.memoryUsage();
  assert.ok(after.external - before.external < GROWTH_MAX_BYTES, "buffers");
  await client.clock.advance(CLIENT_WRITE_TIMEOUT_MS + 1_000);
  await client.expectOver();
});

Deno.test("Http2Connection: many answers to a client that never reads are not read ahead", async () => {
  const endless = new Endless();
  const client = await start({ windowBytes: 10_000_000, endless });
  client.send(encodeWindowUpdate(0, 1_000_000_000));
  client.wire.stall();
  for (let count = 0; count < 100; count++) client.open({ path: "/endless" });
  await client.settle(20);
  assert.ok(endless.readBytes <= 8 * 1_048_576, `${endless.readBytes} bytes`);
  await client.clock.advance(CLIENT_WRITE_TIMEOUT_MS + 1_000);
  await client.expectOver();
  assert.equal(endless.cancelled, client.exchanges.length);
});

Deno.test("Http2Connection: bodies that never come end with the time limit", async () => {
  const client = await start();
  for (let count = 0; count < 20; count++) client.open({ method: "POST", isWhole: false });
  await client.settle();
  for (let waitedMs = 0; waitedMs < CLIENT_BODY_TIMEOUT_MS + 2_000; waitedMs += 1_000) {
    // No sign of life.
    client.send(encodeData(1));
    await client.clock.advance(1_000);
  }
  assert.deepEqual([client.inFlight, client.counters.get("body_timeout")], [0, 20]);
  await client.leave();
});

/** What busy clients do. Nothing but bytes and requests pays for it: the clock stands still. */
const BUSY: readonly (readonly [string, (client: Http2Place) => Promise<void>])[] = [
  ["50,000 requests, 32 at a time", async (client) => {
    for (let round = 0; round < 50_000 / 32; round++) {
      for (let count = 0; count < 32; count++) client.open();
      const { streams, windowBytes } = client.witness;
      await client.until(() => streams.values().every(({ isEnded }) => isEnded), "answered");
      streams.clear();
      if (windowBytes < 32_768) client.send(encodeWindowUpdate(0, 32_768));
    }
  }],
  ["20,000 DATA of 100 bytes", async (client) => {
    const id = client.open({ method: "POST", path: "/drop", isWhole: false });
    for (let count = 0; count < 20_000; count += 100) {
      client.send(repeat(encodeData(id, "x".repeat(100)), 100));
      await client.settle(1);
    }
    client.send(encodeData(id, "", FLAG.endStream));
    await client.until(() => client.witness.stream(id).isEnded, "answered");
  }],
  ["5,000 DATA of one byte, each read before the next", async (client) => {
    const id = client.open({ method: "POST", isWhole: false });
    for (let count = 0; count < 5_000; count++) {
      client.send(encodeData(id, "x"));
      await client.settle(1);
    }
    client.send(encodeData(id, "", FLAG.endStream));
    await client.settle();
    assert.equal(client.witness.stream(id).bodyBytes, 5_006);
  }],
  ["32 MiB up in frames of 16 KiB, with PING", async (client) => {
    const id = client.open({ method: "POST", path: "/drop", isWhole: false });
    for (let count = 0; count < 2_048; count++) {
      await client.until(() => client.witness.stream(id).sendWindowBytes >= 16_384, "more room");
      client.send(encodeData(id, new Uint8Array(16_384)), encodePing());
    }
    client.send(encodeData(id, "", FLAG.endStream));
    await client.until(() => client.witness.stream(id).isEnded, "answered");
  }],
  ["32 MiB down, with two WINDOW_UPDATE per 4 KiB", async (client) => {
    const id = client.open({ path: "/endless" });
    for (let opened = 65_535; opened < 32 * 1_048_576; opened += 4_096) {
      client.send(encodeWindowUpdate(0, 4_096), encodeWindowUpdate(id, 4_096));
      if (opened % 65_536 < 4_096) await client.settle(1);
    }
    await client.settle();
    assert.ok(client.witness.stream(id).bodyBytes > 31 * 1_048_576);
    client.send(encodeReset(id));
  }],
  ["a page of 100 pictures that is left, five times", async (client) => {
    for (let page = 0; page < 5; page++) {
      const ids = Array.from({ length: 100 }, () => client.open({ path: "/endless" }));
      await client.settle();
      client.send(concat(ids.map((id) => encodeReset(id))));
      await client.clock.advance(1_000);
    }
  }],
  ["a greeting as browsers and nghttp say it", async (client) => {
    for (let count = 0; count < 20; count++) {
      client.send(
        encodeSettings([[SETTING.headerTableSize, 65_536], [4, 6_291_456], [6, 262_144]]),
      );
      client.send(encodeWindowUpdate(0, 15_663_105));
      client.frame({ type: FRAME.priority, flags: 0, stream: 2 * count + 3 }, [0, 0, 0, 0, 200]);
      await client.settle(1);
    }
  }],
];

for (const [what, act] of BUSY) {
  Deno.test(`Http2Connection: ${what}: is no abuse`, async () => {
    const endless = new Endless();
    const answer = makeHandler(endless);
    const client = new Http2Place(async (exchange) => {
      if (exchange.target !== "/drop") return await answer(exchange);
      const target = new Uint8Array(65_536);
      while (await exchange.body!.read(target) > 0);
      return textAnswer("dropped");
    });
    client.witness.keepsBodies = false;
    await client.greet();
    await act(client);
    await client.settle();
    assert.equal(client.witness.goaway, undefined, client.witness.describe());
    assert.equal(client.counters.get("http2_abuse"), 0);
    client.witness.streams.clear();
    assert.equal((await client.ask()).head?.status, 200);
    await client.leave();
  });
}
