import assert from "node:assert/strict";
import { Failure } from "../../lib/base/failures.ts";
import { CLIENT_BODY_TIMEOUT_MS, CLIENT_WRITE_TIMEOUT_MS } from "../../lib/base/limits.ts";
import { answerHttp2Error } from "../../lib/http/http2_request.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LoopbackFixture, until } from "../support/loopback_fixture.ts";
import { makeProxy } from "../support/exchanges.ts";
import { AddressBook } from "../../lib/hop/address_book.ts";
import { FLAG, FRAME, pseudoFields, RudeHttp2 } from "../support/rude_http2.ts";

const HOST = "app.example.org";

/** A client over a hop, and a server whose time is moved by hand. The runtime needs no TLS for HTTP/2. */
async function withRudeClient(
  use: (client: RudeHttp2, place: { fixture: LoopbackFixture; clock: FakeClock }) => Promise<void>,
  windowBytes?: number,
): Promise<void> {
  const clock = new FakeClock();
  await using fixture = new LoopbackFixture({ version: "2", clock });
  using hop = await fixture.connect("192.0.2.9");
  const client = new RudeHttp2(hop.connection);
  await client.greet({ windowBytes });
  await use(client, { fixture, clock });
  hop.close();
  await fixture.settle();
}

/** Waits for a timer, which the request's arrival sets. */
const untilLimited = (clock: FakeClock) => until(() => clock.pending > 0, () => "a time limit");

Deno.test("Http2Request: a client whose window stays closed is given up, and the body let go", async () => {
  await withRudeClient(async (client, { fixture, clock }) => {
    const stream = await client.open(pseudoFields(HOST, "/endless"));
    await client.until(({ statuses }) => statuses.get(stream) === 200, "the head");
    await untilLimited(clock);
    await clock.advance(CLIENT_WRITE_TIMEOUT_MS - 200);
    assert.deepEqual([fixture.endless.isCancelled, fixture.book.totals().inFlight], [false, 1]);
    await clock.advance(400);
    assert.equal(fixture.endless.isCancelled, true);
    await fixture.settle(1);
    assert.equal(fixture.counters.get("answer_timeout"), 1);
    assert.match(fixture.lines.join("\n"), /info .*Gave up an answer.* client=192\.0\.2\.9/);
    assert.doesNotMatch(fixture.lines.join("\n"), /Cannot answer/, "no defect of ours");
    // Others of the same connection go on; and once it takes bytes, the stream ends as broken.
    const other = await client.open(pseudoFields(HOST, "/length", "HEAD"));
    await client.until(({ endedStreams }) => endedStreams.has(other), "another answer");
    await client.openWindow(0, 10_000_000);
    await client.openWindow(stream, 10_000_000);
    await client.until(({ resets }) => resets.has(stream), "the reset");
    assert.equal(client.seen.endedStreams.has(stream), false);
    await fixture.settle(1);
  }, 0);
});

Deno.test("Http2Request: a client that takes bytes now and then is not", async () => {
  await withRudeClient(async (client, { fixture, clock }) => {
    const stream = await client.open(pseudoFields(HOST, "/endless"));
    await untilLimited(clock);
    await client.openWindow(0, 10_000_000);
    for (let taken = 0, round = 1; round <= 3; round++) {
      await clock.advance(CLIENT_WRITE_TIMEOUT_MS - 1_000);
      taken += 200_000;
      await client.openWindow(stream, 200_000);
      await client.until(({ dataBytes }) => dataBytes.get(stream) === taken, `${taken} bytes`);
      await clock.advance(0);
    }
    assert.equal(fixture.counters.get("answer_timeout"), 0);
    assert.equal(fixture.endless.isCancelled, false);
  }, 0);
});

Deno.test("Http2Request: an answer whose last bytes are not taken does not count for ever", async () => {
  await withRudeClient(async (client, { fixture, clock }) => {
    fixture.released.resolve();
    await client.open(pseudoFields(HOST, "/stream"));
    await untilLimited(clock);
    await clock.advance(CLIENT_WRITE_TIMEOUT_MS + 200);
    await fixture.settle(1);
    assert.ok(fixture.counters.get("answer_timeout") <= 1);
  }, 0);
});

Deno.test("Http2Request: a client that is silent within its body gets 408", async () => {
  await withRudeClient(async (client, { fixture, clock }) => {
    const stream = await client.open(pseudoFields(HOST, "/body", "POST"), false);
    await client.frame({ type: FRAME.data, flags: 0, stream }, [1, 2, 3]);
    await untilLimited(clock);
    await clock.advance(CLIENT_BODY_TIMEOUT_MS - 200);
    assert.equal(fixture.counters.get("body_timeout"), 0);
    assert.equal(fixture.book.totals().inFlight, 1);
    await clock.advance(400);
    await client.until(({ statuses }) => statuses.get(stream) === 408, "408");
    assert.equal(fixture.counters.get("body_timeout"), 1);
    await fixture.settle(1);
  });
});

Deno.test("Http2Request: empty DATA frames are neither the end of a body nor a sign of life", async () => {
  await withRudeClient(async (client, { fixture, clock }) => {
    const whole = await client.open(pseudoFields(HOST, "/body", "POST"), false);
    const pieces: readonly (readonly number[])[] = [[], [0x61], [], [], [0x62], []];
    for (const piece of pieces) {
      await client.frame({ type: FRAME.data, flags: 0, stream: whole }, piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await client.frame({ type: FRAME.data, flags: FLAG.endStream, stream: whole }, [0x63]);
    await client.until(({ endedStreams }) => endedStreams.has(whole), "the echo");
    assert.equal(client.seen.dataBytes.get(whole), 3);
    const silent = await client.open(pseudoFields(HOST, "/body", "POST"), false);
    await until(() => fixture.book.totals().inFlight === 1, () => "the request");
    await untilLimited(clock);
    for (let count = 0; count < 10; count++) {
      await client.frame({ type: FRAME.data, flags: 0, stream: silent });
      await clock.advance(CLIENT_BODY_TIMEOUT_MS / 9);
    }
    await client.until(({ statuses }) => statuses.get(silent) === 408, "408");
  });
});

Deno.test("Http2Request: a stream that is reset counts no longer, answered or not", async () => {
  await withRudeClient(async (client, { fixture, clock }) => {
    for (const path of ["/endless", "/body", "/wait"]) {
      const method = path === "/body" ? "POST" : "GET";
      const stream = await client.open(pseudoFields(HOST, path, method), method === "GET");
      await until(() => fixture.book.totals().inFlight === 1, () => path);
      await client.frame({ type: FRAME.reset, flags: 0, stream }, [0, 0, 0, 8]);
      // An application that does not heed the signal is waited for.
      if (path === "/wait") fixture.released.resolve();
      await fixture.settle(1);
    }
    await clock.advance(2 * CLIENT_WRITE_TIMEOUT_MS);
    assert.deepEqual(
      [fixture.counters.get("answer_timeout"), fixture.counters.get("body_timeout")],
      [0, 0],
    );
  });
});

Deno.test("answerHttp2Error: a client's failure is no defect", () => {
  const { environment, lines } = makeProxy(() => Promise.reject(new Error()));
  const surroundings = { ...environment, book: new AddressBook(AddressBook.allocate(16)) };
  const statusOf = (error: unknown) => answerHttp2Error(surroundings, error).status;
  assert.equal(statusOf(new Failure("client_silent", "")), 408);
  assert.equal(statusOf(new Failure("client_gone", "")), 499);
  assert.deepEqual(lines, []);
  assert.equal(statusOf(new Error("oops")), 500);
  assert.match(lines.join(), /error .*Cannot answer request .*oops/);
});
