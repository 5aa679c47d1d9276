import assert from "node:assert/strict";
import type { FailureKind } from "../../../lib/base/failures.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { startExchange } from "../../support/started_exchange.ts";
import { failureOf, makeBody, makeRequest, readText } from "../../support/upstream_requests.ts";

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
  await body.stream.cancel().catch(() => {});
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
