import assert from "node:assert/strict";
import type { FailureKind } from "../../../lib/base/failures.ts";
import { BODY_READ_BYTES, CONTINUE_WAIT_MS } from "../../../lib/base/limits.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { startExchange } from "../../support/started_exchange.ts";
import type { ScriptedConnectionOptions } from "../../support/scripted_connection.ts";
import {
  failureOf,
  makeBody,
  makeRequest,
  openBodyOf,
  readText,
} from "../../support/upstream_requests.ts";
import type { Body } from "../../../lib/http/message.ts";

const LENGTH_5 = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

const BODIES: [
  name: string,
  body: () => ReturnType<typeof makeBody>,
  written: string,
  writes: number,
][] = [
  ["known length", () => makeBody(["hello"], { length: 5 }), "Content-Length: 5\r\n\r\nhello", 1],
  [
    "several pieces",
    () => makeBody(["he", "", "llo"], { length: 5 }),
    "Content-Length: 5\r\n\r\nhello",
    2,
  ],
  [
    "no length",
    () => makeBody(["hello", " world"]),
    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    3,
  ],
  ["no length, empty", () => makeBody([]), "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 2],
  [
    "no length, with trailers",
    () =>
      makeBody(["hello"], {
        trailers: [["X-Sum", "1"], ["Host", "b"], ["Content-Length", "9"], ["X-Sum", "2"]],
      }),
    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n",
    2,
  ],
  ["length 0", () => makeBody([], { length: 0 }), "Content-Length: 0\r\n\r\n", 1],
];

Deno.test("RequestSender: sends bodies as they are framed, the first piece with the head", async () => {
  for (const [name, body, written, writes] of BODIES) {
    const clock = new FakeClock();
    const request = makeRequest({ method: "POST", body: body() });
    const { raw, response } = startExchange({ then: "silence" }, request, { clock });
    await clock.advance(0);
    assert.equal(raw.written, `POST / HTTP/1.1\r\nHost: app.test\r\n${written}`, name);
    assert.equal(raw.writes, writes, name);
    assert.equal(raw.isClosed, false, name);
    const failure = failureOf(response);
    await clock.advance(1_000);
    assert.equal((await failure).kind, "upstream_timeout", name);
  }
});

Deno.test("RequestSender: a body that is not what it said is never ended as if it were", async () => {
  const cases: [string, () => ReturnType<typeof makeBody>, FailureKind][] = [
    ["short", () => makeBody(["hell"], { length: 5 }), "client_malformed"],
    ["empty", () => makeBody([], { length: 5 }), "client_malformed"],
    ["long", () => makeBody(["hello", "!"], { length: 5 }), "client_malformed"],
    ["long at once", () => makeBody(["hello!"], { length: 5 }), "client_malformed"],
    ["long, bit by bit", () => makeBody(["he", "llo!"], { length: 5 }), "client_malformed"],
    ["broken", () => makeBody(["hello"], { then: "error" }), "client_gone"],
    ["broken at once", () => makeBody([], { then: "error" }), "client_gone"],
  ];
  for (const [name, body, kind] of cases) {
    const request = makeRequest({ method: "POST", body: body() });
    const { raw, response } = startExchange({ then: "silence" }, request);
    assert.equal((await failureOf(response)).kind, kind, name);
    assert.equal(raw.isClosed, true, name);
    assert.doesNotMatch(raw.written, /!|0\r\n\r\n$/, name);
  }
});

Deno.test("RequestSender: a body that ends after the client has gone gets no last chunk", async () => {
  const abort = new AbortController();
  const body = makeBody(["hello"], {
    get then(): "end" {
      abort.abort();
      return "end";
    },
  });
  const request = makeRequest({ method: "POST", body, signal: abort.signal });
  const { raw, response } = startExchange({ then: "silence" }, request);
  assert.equal((await failureOf(response)).kind, "client_gone");
  assert.doesNotMatch(raw.written, /0\r\n\r\n$/);
});

Deno.test("RequestSender: a client that is slow with its body has no limit here", async () => {
  const clock = new FakeClock();
  const body = makeBody(["hello"], { then: "silence" });
  const request = makeRequest({ method: "POST", body });
  const { raw, response } = startExchange({ then: "silence" }, request, { clock });
  const failure = failureOf(response);
  await clock.advance(100_000);
  assert.equal(raw.isClosed, false);
  raw.close();
  assert.equal((await failure).kind, "upstream_closed");
});

Deno.test("RequestSender: an early answer is given at once, then the upload is let go", async () => {
  const body = makeBody(["hello"], { then: "silence" });
  const request = makeRequest({ method: "POST", body });
  const input = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
  const { raw, state, response } = startExchange({ input, then: "silence" }, request);
  const answer = await response;
  assert.equal(answer.status, 413);
  assert.equal(await readText(answer), "no");
  assert.equal(body.isCancelled, true);
  assert.equal(state.isReused, false);
  assert.equal(raw.isClosed, true);
  assert.doesNotMatch(raw.written, /0\r\n\r\n$/);
});

Deno.test("RequestSender: a server that takes no more may have answered already", async () => {
  const input = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
  for (const writesTaken of [0, 1, 2]) {
    const body = makeBody(["some", "more", "still more"]);
    const request = makeRequest({ method: "POST", body });
    const answered = startExchange({ input, then: "error", writesTaken }, request);
    assert.equal((await answered.response).status, 413);
    assert.equal(answered.state.isReused, false);
    assert.equal(answered.raw.isClosed, true);
    assert.equal(body.isCancelled, true);

    const silent = makeRequest({ method: "POST", body: makeBody(["some", "more", "still more"]) });
    const { response } = startExchange({ then: "error", writesTaken }, silent);
    assert.equal((await failureOf(response)).kind, "upstream_closed");
  }
});

Deno.test("RequestSender: a server that takes no more and says nothing has its limit", async () => {
  for (const writesTaken of [0, 1, 2]) {
    const clock = new FakeClock();
    const request = makeRequest({ method: "POST", body: makeBody(["some", "more", "still more"]) });
    const { response } = startExchange({ then: "silence", writesTaken }, request, { clock });
    const failure = failureOf(response);
    await clock.advance(1_000);
    assert.equal((await failure).kind, "upstream_timeout");
  }
});

Deno.test("RequestSender: reused after an answer only if the whole body was sent", async () => {
  const cases: [string, () => ReturnType<typeof makeBody>, boolean][] = [
    ["whole", () => makeBody(["hello"], { length: 5 }), true],
    ["whole, end not seen", () => makeBody(["hello"], { length: 5, then: "silence" }), true],
    ["part", () => makeBody(["hell"], { length: 5, then: "silence" }), false],
    ["no length, end not seen", () => makeBody(["hello"], { then: "silence" }), false],
  ];
  for (const [name, body, isReused] of cases) {
    const request = makeRequest({ method: "POST", body: body() });
    const script = { input: `${LENGTH_5}hello`, then: "silence" } as const;
    const { state, response } = startExchange(script, request);
    assert.equal(await readText(await response), "hello");
    assert.equal(state.isReused, isReused, name);
  }
});

Deno.test("RequestSender: a large body is read in large pieces, into the same memory", async () => {
  const rooms = new Set<ArrayBufferLike>();
  const sizes: number[] = [];
  let left = 100;
  const body: Body = {
    length: undefined,
    trailers: [],
    isTouched: true,
    cancel: () => {},
    read(target) {
      rooms.add(target.buffer);
      sizes.push(target.length);
      return Promise.resolve(left-- > 0 ? target.length : 0);
    },
  };
  const clock = new FakeClock();
  const request = makeRequest({ method: "POST", body });
  const { raw, response } = startExchange({ then: "silence" }, request, { clock });
  const failure = failureOf(response);
  while (left >= 0) await clock.advance(0);
  raw.close();
  await failure;
  assert.equal(rooms.size, 2);
  assert.deepEqual([...new Set(sizes)], [16_384, BODY_READ_BYTES]);
});

const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

/** A request that waits for 100, on a connection that is given the server's bytes by the test. */
function expecting(script: ScriptedConnectionOptions, body = makeBody(["hello"], { length: 5 })) {
  const clock = new FakeClock();
  const request = makeRequest({ method: "PUT", body, expectsContinue: true });
  return { clock, body, ...startExchange({ then: "silence", ...script }, request, { clock }) };
}

const EXPECTING_HEAD = "PUT / HTTP/1.1\r\nHost: app.test\r\nExpect: 100-continue\r\n" +
  "Content-Length: 5\r\n\r\n";

Deno.test("RequestSender: a body that was announced is read after 100, and not before", async () => {
  const { clock, raw, body, response } = expecting({ input: CONTINUE, inputAfterWrites: 1 });
  const failure = failureOf(response);
  await clock.advance(0);
  assert.equal(raw.written, `${EXPECTING_HEAD}hello`);
  assert.deepEqual([raw.writes, body.reads], [2, 2]);
  await clock.advance(1_000);
  assert.equal((await failure).kind, "upstream_timeout", "from now on the server owes an answer");
});

Deno.test("RequestSender: a server that says nothing gets the body after a while", async () => {
  const { clock, raw, body, response } = expecting({});
  const failure = failureOf(response);
  await clock.advance(CONTINUE_WAIT_MS - 1);
  assert.deepEqual([raw.written, body.isTouched], [EXPECTING_HEAD, false]);
  await clock.advance(1);
  assert.equal(raw.written, `${EXPECTING_HEAD}hello`);
  await clock.advance(1_000);
  assert.equal((await failure).kind, "upstream_timeout");
  assert.equal(clock.pending, 0);
});

Deno.test("RequestSender: a final answer in place of 100 keeps the body unread, and ends the connection", async () => {
  for (const status of [200, 401, 413, 417]) {
    const input = `HTTP/1.1 ${status} x\r\nContent-Length: 5\r\n\r\nhello`;
    for (const stepBytes of [1, Infinity]) {
      const { clock, raw, body, state, response } = expecting({ input, stepBytes });
      const answer = await response;
      assert.equal(answer.status, status);
      assert.equal(await readText(answer), "hello");
      await clock.advance(10_000);
      assert.equal(raw.written, EXPECTING_HEAD);
      assert.deepEqual([body.isTouched, body.isCancelled], [false, true]);
      assert.deepEqual([state.isReused, raw.isClosed, clock.pending], [false, true, 0]);
    }
  }
});

Deno.test("RequestSender: nor is the body sent while a long answer in place of 100 is read", async () => {
  const { clock, raw, body, response } = expecting({ input: `${LENGTH_5}he` });
  const answer = openBodyOf(await response);
  assert.equal(await answer.read(new Uint8Array(9)), 2);
  await clock.advance(CONTINUE_WAIT_MS);
  assert.equal(raw.written, EXPECTING_HEAD);
  assert.deepEqual([body.isTouched, body.isCancelled, raw.isClosed], [false, true, false]);
  answer.cancel();
});

Deno.test("RequestSender: other interim responses, and a second 100, do not ask for the body", async () => {
  const early = expecting({ input: "HTTP/1.1 103 x\r\n\r\n" });
  early.response.catch(() => {});
  await early.clock.advance(CONTINUE_WAIT_MS - 1);
  assert.equal(early.body.isTouched, false);
  const twice = expecting({ input: `${CONTINUE}${CONTINUE}${LENGTH_5}hello` });
  assert.equal((await twice.response).status, 200);
  assert.equal(twice.raw.written, `${EXPECTING_HEAD}hello`);
  assert.deepEqual(twice.state.interim, []);
});

Deno.test("RequestSender: 100 means nothing to a request that did not ask for it", async () => {
  const request = makeRequest({ method: "PUT", body: makeBody(["hello"], { length: 5 }) });
  const script = { input: `${CONTINUE}${LENGTH_5}hello`, then: "silence" } as const;
  const { raw, state, response } = startExchange(script, request);
  assert.equal(await readText(await response), "hello");
  assert.doesNotMatch(raw.written, /Expect/);
  assert.equal(state.isReused, true);
});

Deno.test("RequestSender: after a failure an untouched body is still the caller's", async () => {
  const cases: ScriptedConnectionOptions[] = [
    { then: "end" },
    { then: "error" },
    { writesTaken: 0, then: "end" },
    { input: "garbage\r\n\r\n" },
  ];
  for (const script of cases) {
    const { clock, body, response } = expecting(script);
    await failureOf(response);
    assert.deepEqual([body.isTouched, body.isCancelled], [false, false]);
    assert.equal(clock.pending, 0);
  }
  const read = makeBody(["hello"], { length: 5 });
  await failureOf(startExchange({}, makeRequest({ method: "PUT", body: read })).response);
  assert.equal(read.isTouched, true);
});

Deno.test("RequestSender: a body that was sent whole is not cancelled, one that was not is", async () => {
  for (const [length, isCancelled] of [[5, false], [6, true]] as const) {
    const body = makeBody(["hello"], { length, then: "silence" });
    const script = { input: `${LENGTH_5}hello`, then: "silence" } as const;
    const { response } = startExchange(script, makeRequest({ method: "PUT", body }));
    assert.equal(await readText(await response), "hello");
    assert.equal(body.isCancelled, isCancelled);
  }
});

Deno.test("RequestSender: the upload goes on while an early answer is read", async () => {
  const body = makeBody(["a", "b", "c", "d"], { length: 4 });
  const request = makeRequest({ method: "POST", body });
  const script = { input: `${LENGTH_5}he`, then: "silence" } as const;
  const { raw, response } = startExchange(script, request);
  const answer = openBodyOf(await response);
  assert.equal(await answer.read(new Uint8Array(9)), 2);
  await new FakeClock().advance(0);
  assert.match(raw.written, /\r\n\r\nabcd$/);
  answer.cancel();
  assert.deepEqual([raw.isClosed, body.isCancelled], [true, false]);
});

Deno.test("RequestSender: an answer that began before the request had ended leaves nothing to reuse", async () => {
  // What came behind the answer's head, a server that has given the body up may read as a request.
  const smuggled = "GET /admin HTTP/1.1\r\nHost: app.test\r\n\r\n";
  const more = Promise.withResolvers<void>();
  const pieces = ["first", smuggled];
  const body = makeBody([], { length: pieces.join("").length });
  body.read = async (target) => {
    const piece = pieces.shift();
    if (piece === smuggled) await more.promise;
    return new TextEncoder().encodeInto(piece ?? "", target).written;
  };
  const script = {
    input: `${LENGTH_5}hello`,
    stepBytes: LENGTH_5.length,
    then: "silence",
  } as const;
  const { raw, state, response } = startExchange(script, makeRequest({ method: "POST", body }));
  const answer = await response;
  more.resolve();
  await new FakeClock().advance(0);
  assert.ok(raw.written.endsWith(smuggled), "the upload went on");
  assert.equal(await readText(answer), "hello");
  assert.deepEqual([state.isReused, raw.isClosed], [false, true]);
});

Deno.test("RequestSender: reused after a body that was announced only if the server has asked for it", async () => {
  for (const [asks, isReused] of [["", false], [CONTINUE, true]] as const) {
    // Asked for or not, it is sent after a while; the first answer comes behind it.
    const input = `${asks}${LENGTH_5}hello`;
    const { clock, raw, state, response } = expecting({ input, inputAfterWrites: 2, stepBytes: 1 });
    await clock.advance(CONTINUE_WAIT_MS);
    assert.equal(await readText(await response), "hello");
    assert.equal(raw.written, `${EXPECTING_HEAD}hello`);
    assert.deepEqual([state.isReused, raw.isClosed], [isReused, !isReused]);
  }
});
