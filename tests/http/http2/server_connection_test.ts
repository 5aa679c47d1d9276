import assert from "node:assert/strict";
import {
  CLIENT_BODY_TIMEOUT_MS,
  CLIENT_WRITE_TIMEOUT_MS,
  REQUEST_LINGER_MS,
} from "../../../lib/base/limits.ts";
import { HTTP2_EARLY_RESET_MS, HTTP2_STREAMS_MAX } from "../../../lib/base/http2_limits.ts";
import { plainAnswer } from "../../../lib/http/answer.ts";
import type { Answer } from "../../../lib/http/message.ts";
import { later, pieces, textAnswer } from "../../support/http1_place.ts";
import { PLACE_TIMEOUTS } from "../../support/place_context.ts";
import {
  CODE,
  concat,
  encodeData,
  encodeHead,
  encodeHeaders,
  encodePing,
  encodeReset,
  encodeSettings,
  FLAG,
  FRAME,
  PREFACE,
  pseudoFields,
} from "../../support/http2_frames.ts";
import { readOrFail, streamed, withHttp2Place } from "../../support/http2_messages.ts";
import { HTTP2_HOST, Http2Place } from "../../support/http2_place.ts";

const text = (body = "hello") => () => textAnswer(body);

Deno.test("Http2Connection: a first request is answered in one write, with all that is said at first", async () => {
  const client = new Http2Place(text());
  client.send(PREFACE, encodeSettings(), encodeHead(1, pseudoFields(HTTP2_HOST)));
  await client.settle();
  assert.deepEqual([client.wire.reads, client.wire.writes], [2, 1]);
  const { frames, settingsAcks } = client.witness;
  assert.deepEqual(frames.slice(0, 9), [1, 1, 0, 0, 2, 0, 0, 0, 1]);
  assert.equal(settingsAcks, 1);
  await client.leave();
});

Deno.test("Http2Connection: nothing is said to a client that says nothing", async () => {
  const client = new Http2Place(text());
  await client.settle();
  assert.equal(client.wire.writes, 0);
  await client.leave();
});

Deno.test("Http2Connection: requests that come together are answered together", async () => {
  for (const handler of [text(), () => Promise.resolve(textAnswer("async"))]) {
    await withHttp2Place(handler, async (client) => {
      await client.settle();
      const before = client.wire.writes;
      client.send(concat(
        Array.from(
          { length: 30 },
          (_, index) => encodeHead(2 * index + 1, pseudoFields(HTTP2_HOST)),
        ),
      ));
      await client.settle();
      assert.equal(client.wire.writes - before, 1);
      assert.ok(client.witness.streams.values().every(({ isEnded }) => isEnded));
      assert.equal(client.counters.get("requests"), 30);
    });
  }
});

Deno.test("Http2Connection: a request is in flight until its answer has left", async () => {
  const { handler, answer } = later();
  await withHttp2Place(handler, async (client) => {
    client.open();
    await client.settle();
    assert.equal(client.inFlight, 1);
    client.wire.stall();
    answer(textAnswer("done"));
    await client.settle();
    assert.equal(client.inFlight, 1, "it waits for the client");
    client.wire.stall(false);
    await client.settle();
    assert.equal(client.inFlight, 0);
  });
});

Deno.test("Http2Connection: signals are used again, but not one that has aborted", async () => {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  await withHttp2Place(
    ({ target }) => target === "/slow" ? promise : textAnswer(""),
    async (client) => {
      await client.ask();
      const slow = client.open({ path: "/slow" });
      await client.settle();
      client.send(encodeReset(slow));
      await client.settle();
      await client.ask();
      const [first, aborted, next] = client.exchanges.map(({ signal }) => signal);
      assert.equal(first, aborted);
      assert.deepEqual([aborted.aborted, next.aborted], [true, false]);
      resolve(textAnswer("late"));
    },
  );
});

Deno.test("Http2Connection: streams that are reset keep their places until they are answered", async () => {
  const answers: ((answer: Answer) => void)[] = [];
  const handler = () => new Promise<Answer>((resolve) => answers.push(resolve));
  await withHttp2Place(handler, async (client) => {
    for (let count = 0; count < HTTP2_STREAMS_MAX; count++) client.send(encodeReset(client.open()));
    await client.settle();
    assert.equal((await client.ask()).resetCode, CODE.refusedStream);
    answers[0](textAnswer(""));
    await client.settle();
    const id = client.open();
    await client.settle();
    assert.equal(answers.length, HTTP2_STREAMS_MAX + 1);
    for (const answer of answers) answer(textAnswer("now"));
    await client.settle();
    assert.equal(client.witness.stream(id).body, "now");
  });
});

Deno.test("Http2Connection: a hop that is not in the book gets 403, and no application", async () => {
  const client = new Http2Place(text(), { isKnown: false });
  await client.greet();
  const { head, body } = await client.ask();
  assert.deepEqual([head?.status, body], [403, "This port is not public\n"]);
  assert.equal(client.witness.goaway?.code, CODE.noError);
  assert.deepEqual(client.exchanges, []);
  const counts = ["hop_unknown", "requests"] as const;
  assert.deepEqual(counts.map((name) => client.counters.get(name)), [1, 0]);
  await client.leave();
});

const DEFECTS: readonly [name: string, handler: () => Answer | Promise<Answer>][] = [
  ["throws", () => {
    throw new Error("the defect");
  }],
  ["rejects", () => Promise.reject(new Error("the defect"))],
  ["has a field that cannot be sent", () => textAnswer("", 200, [["A", "b\r\nX: the defect"]])],
  ["has an impossible status", () => textAnswer("", 199)],
  ["switches protocols", () => textAnswer("", 101)],
  ["has a status of four digits", () => textAnswer("", 1_000)],
];
for (const [name, handler] of DEFECTS) {
  Deno.test(`Http2Connection: an application that ${name} is answered for with 500, and the rest goes on`, async () => {
    const each = ({ target }: { target: string }) =>
      target === "/" ? handler() : textAnswer("well");
    await withHttp2Place(each, async (client) => {
      const { head, body, isEnded } = await client.ask();
      assert.deepEqual([head?.status, body, isEnded], [500, "", true]);
      assert.match(client.lines[0], /error Cannot answer request/);
      assert.equal(client.exchanges[0].signal.aborted, true, "what was asked for is called off");
      assert.equal((await client.ask({ path: "/well" })).body, "well");
    });
  });
}

Deno.test("Http2Connection: 431 has no body, for nobody knows what was asked", async () => {
  await withHttp2Place(text(), async (client) => {
    const fields = Array.from(
      { length: 10 },
      (_, index) => [`x-${index}`, "v".repeat(8_000)] as const,
    );
    const block = encodeHead(1, [...pseudoFields(HTTP2_HOST), ...fields]).subarray(9);
    const size = 16_000;
    for (let at = 0; at < block.length; at += size) {
      const flags = at + size < block.length ? 0 : FLAG.endHeaders;
      const piece = block.subarray(at, at + size);
      if (at === 0) client.send(encodeHeaders(1, piece, FLAG.endStream | flags));
      else client.frame({ type: FRAME.continuation, flags, stream: 1 }, piece);
    }
    await client.settle();
    const { head, body, isEnded } = client.witness.stream(1);
    assert.deepEqual([head?.status, body, isEnded], [431, "", true]);
    assert.equal(client.counters.get("request_refused"), 1);
  });
});

Deno.test("Http2Connection: whoever is answered early may send the rest for a while", async () => {
  await withHttp2Place(text("early"), async (client) => {
    const inTime = client.open({ method: "POST", isWhole: false });
    const late = client.open({ method: "POST", isWhole: false });
    await client.settle();
    assert.equal(client.witness.stream(late).isEnded, true);
    assert.equal(client.inFlight, 0, "both are answered");
    client.send(encodeData(inTime, "rest", FLAG.endStream));
    await client.settle();
    await client.clock.advance(HTTP2_EARLY_RESET_MS - 1);
    assert.equal(client.witness.stream(late).resetCode, undefined);
    await client.clock.advance(1);
    const resets = [inTime, late].map((id) => client.witness.stream(id).resetCode);
    assert.deepEqual(resets, [undefined, CODE.noError]);
    client.send(encodeData(late, "ignored"));
    assert.equal((await client.ask()).body, "early");
  });
});

Deno.test("Http2Connection: a client that keeps sending leaves others their turns", async () => {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setTimeout(count, 0);
  };
  await withHttp2Place(text(), async (client) => {
    client.witness.keepsBodies = false;
    const requests = Array.from(
      { length: 3_000 },
      (_, index) => encodeHead(2 * index + 1, pseudoFields(HTTP2_HOST)),
    );
    client.send(concat(requests));
    setTimeout(count, 0);
    await client.until(() => client.counters.get("requests") === requests.length, "all answered");
    isOver = true;
  });
  assert.ok(turns >= 3, `${turns} turns`);
});

// ---- its end ----

Deno.test("Http2Connection: drain lets what is in flight finish, and nothing else begin", async () => {
  const { handler, answer } = later();
  const client = new Http2Place(handler);
  await client.greet();
  const id = client.open();
  await client.settle();
  client.connection.drain();
  client.connection.drain();
  await client.settle();
  assert.deepEqual(client.witness.goaway, { lastStream: id, code: CODE.noError });
  assert.equal((await client.ask()).resetCode, CODE.refusedStream);
  assert.equal(client.wire.isWriteClosed, false);
  answer(textAnswer("last"));
  await client.settle();
  assert.equal(client.witness.stream(id).body, "last");
  assert.equal(client.wire.isWriteClosed, true);
  assert.equal(client.inFlight, 0);
  await client.leave();
});

Deno.test("Http2Connection: drain of an idle connection ends it at once, and waits a while for the client", async () => {
  for (const hasGreeted of [false, true]) {
    const client = new Http2Place(text());
    if (hasGreeted) await client.greet();
    client.connection.drain();
    await client.settle();
    assert.deepEqual(client.witness.goaway, { lastStream: 0, code: CODE.noError });
    assert.equal(client.wire.isWriteClosed, true);
    client.send(encodePing());
    await client.clock.advance(REQUEST_LINGER_MS);
    await client.expectOver();
  }
});

const SILENCES: readonly [name: string, sent: readonly Uint8Array[], limitMs: number][] = [
  ["nothing", [], PLACE_TIMEOUTS.headerMs],
  ["half a preface", [PREFACE.subarray(0, 10)], PLACE_TIMEOUTS.headerMs],
  ["a preface without SETTINGS", [PREFACE], PLACE_TIMEOUTS.headerMs],
  ["no request", [PREFACE, encodeSettings()], PLACE_TIMEOUTS.keepAliveMs],
  [
    "a part of a frame",
    [PREFACE, encodeSettings(), encodePing().subarray(0, 12)],
    PLACE_TIMEOUTS.headerMs,
  ],
  [
    "a part of a head",
    [PREFACE, encodeSettings(), encodeHeaders(1, [0x82], FLAG.endStream)],
    PLACE_TIMEOUTS.headerMs,
  ],
];
for (const [name, sent, limitMs] of SILENCES) {
  Deno.test(`Http2Connection: a client that sends ${name} is ended after ${limitMs} ms`, async () => {
    const client = new Http2Place(text());
    if (sent.length > 0) client.send(...sent);
    await client.settle();
    await client.clock.advance(limitMs - 1);
    assert.equal(client.witness.frames[FRAME.goaway], 0);
    await client.clock.advance(1);
    assert.equal(client.witness.goaway?.code, CODE.noError);
    assert.equal(client.counters.get("request_timeout"), 1);
    await client.clock.advance(REQUEST_LINGER_MS);
    await client.expectOver();
  });
}

Deno.test("Http2Connection: the wait for a request begins anew with each, and PING does not prolong it", async () => {
  const client = new Http2Place(text());
  await client.greet();
  for (let count = 0; count < 3; count++) {
    await client.clock.advance(PLACE_TIMEOUTS.keepAliveMs - 1);
    await client.ask();
  }
  await client.clock.advance(PLACE_TIMEOUTS.keepAliveMs - 1);
  client.send(encodePing());
  await client.settle();
  assert.equal(client.witness.frames[FRAME.goaway], 0);
  await client.clock.advance(1);
  assert.equal(client.witness.goaway?.code, CODE.noError);
  await client.leave();
});

Deno.test("Http2Connection: nobody is hurried while a request is in flight", async () => {
  const { handler, answer } = later();
  await withHttp2Place(handler, async (client) => {
    client.open();
    await client.clock.advance(10 * PLACE_TIMEOUTS.keepAliveMs);
    assert.equal(client.witness.frames[FRAME.goaway], 0);
    answer(textAnswer("at last"));
    await client.settle();
    assert.equal(client.witness.stream(1).body, "at last");
  });
});

Deno.test("Http2Connection: a client that is silent in a body that is waited for", async () => {
  await withHttp2Place(
    async (exchange) => textAnswer(await readOrFail(exchange)),
    async (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      await client.settle();
      await client.clock.advance(CLIENT_BODY_TIMEOUT_MS - 1);
      client.send(encodeData(id, "more"));
      await client.settle();
      await client.clock.advance(CLIENT_BODY_TIMEOUT_MS - 1);
      assert.equal(client.counters.get("body_timeout"), 0);
      await client.clock.advance(1);
      assert.equal(client.counters.get("body_timeout"), 1);
      assert.equal(client.witness.stream(id).body, "more|client_silent");
    },
  );
});

Deno.test("Http2Connection: a client that takes nothing is cut off", async () => {
  const client = new Http2Place(() => streamed(pieces(["a", "b"])));
  await client.greet();
  client.wire.stall();
  client.open();
  await client.settle();
  await client.clock.advance(CLIENT_WRITE_TIMEOUT_MS);
  await client.expectOver();
});

Deno.test("Http2Connection: a broken rule ends everything that is in flight", async () => {
  const { handler, answer } = later();
  const client = new Http2Place(handler);
  await client.greet();
  const id = client.open();
  client.frame({ type: FRAME.data, flags: 0, stream: 0 });
  await client.settle();
  assert.deepEqual(client.witness.goaway, { lastStream: id, code: CODE.protocolError });
  assert.equal(client.exchanges[0].signal.aborted, true);
  assert.equal(client.counters.get("http2_errors"), 1);
  assert.equal(client.inFlight, 1, "the handler is not over");
  let isCancelled = false;
  answer(streamed({ ...pieces([]), cancel: () => isCancelled = true }));
  await client.settle();
  assert.deepEqual([client.inFlight, isCancelled], [0, true]);
  await client.leave();
});

Deno.test("Http2Connection: what is refused says why, and is counted", async () => {
  await withHttp2Place(text(), async (client) => {
    const { head, body } = await client.ask({ fields: [["expect", "a-miracle"]] });
    assert.equal(head?.status, 417);
    assert.deepEqual(
      body,
      new TextDecoder().decode(plainAnswer(417, "unknown expectation").body as Uint8Array),
    );
    const counts = ["requests", "request_refused"] as const;
    assert.deepEqual(counts.map((name) => client.counters.get(name)), [1, 1]);
  });
});
