import assert from "node:assert/strict";
import { CLIENT_BODY_TIMEOUT_MS, CLIENT_WRITE_TIMEOUT_MS } from "../../../lib/base/limits.ts";
import type { Answer } from "../../../lib/http/message.ts";
import {
  echo,
  get,
  HOST,
  Http1Place,
  later,
  leave,
  pieces,
  post,
  settle,
  textAnswer,
} from "../../support/http1_place.ts";
import { PLACE_TIMEOUTS } from "../../support/place_context.ts";

Deno.test("ServerConnection: an exchange with all that is known of it", async () => {
  const place = new Http1Place(echo);
  const { body } = await place.ask(get("/a?b", "X: \xe9\r\n"));
  assert.equal(body, "/a?b ");
  const { signal, sendInterim: _, ...exchange } = place.exchanges[0];
  assert.equal(signal.aborted, false);
  assert.deepEqual(exchange, {
    method: "GET",
    target: "/a?b",
    authority: "app.example.org",
    hostname: "app.example.org",
    headers: [["Host", "app.example.org"], ["X", "\xe9"]],
    body: undefined,
    scheme: "http",
    httpVersion: "1.1",
    client: { ip: "192.0.2.1", port: 50_000 },
    upgrade: undefined,
    expectsContinue: false,
  });
  await leave(place);
});

Deno.test("ServerConnection: one read and one write per request", async () => {
  for (const handler of [() => textAnswer("sync"), () => Promise.resolve(textAnswer("async"))]) {
    const place = new Http1Place(handler);
    for (let index = 0; index < 10; index++) await place.ask(get());
    await settle();
    assert.deepEqual([place.client.reads, place.client.writes], [11, 10]);
    await leave(place);
  }
});

Deno.test("ServerConnection: 100 pipelined requests are answered in turn, bodies included", async () => {
  const place = new Http1Place(echo);
  let sent = "";
  for (let index = 0; index < 50; index++) {
    sent += get(`/${index}`) + post("Content-Length: 2\r\n", "hi");
  }
  place.client.send(sent);
  for (let index = 0; index < 50; index++) {
    assert.equal((await place.takeAnswer()).body, `/${index} `);
    assert.equal((await place.takeAnswer()).body, "/ hi");
  }
  assert.equal(place.counters.get("requests"), 100);
  await leave(place);
});

Deno.test("ServerConnection: a pipelined request waits for the answer before it", async () => {
  const { handler, answer } = later();
  const place = new Http1Place(handler);
  place.client.send(get("/1") + get("/2"));
  await settle();
  assert.equal(place.exchanges.length, 1);
  answer(textAnswer("once"));
  await place.takeAnswer();
  await place.takeAnswer();
  assert.deepEqual(place.exchanges.map(({ target }) => target), ["/1", "/2"]);
  await leave(place);
});

const LAST: readonly [name: string, request: string][] = [
  ["RFC 9112 §9.6: the client says close", get("/", "Connection: close\r\n")],
  ["HTTP/1.0", `GET / HTTP/1.0\r\n${HOST}\r\n`],
  ["HTTP/1.0 that asks for more", `GET / HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`],
];
for (const [name, request] of LAST) {
  Deno.test(`ServerConnection: the connection ends after ${name}`, async () => {
    const place = new Http1Place(() => textAnswer("last"));
    const { head } = await place.ask(request);
    assert.match(head, /\r\nConnection: close\r\n/);
    await place.finished;
    assert.equal(place.client.isClosed, true);
    assert.equal(place.inFlight, 0);
  });
}

Deno.test("ServerConnection: HTTP/1.0 gets a body without length up to the end, and no chunks", async () => {
  const place = new Http1Place(() => ({
    status: 200,
    reason: "",
    headers: [],
    body: pieces(["he", "llo"]),
  }));
  place.client.send(`GET / HTTP/1.0\r\n${HOST}\r\n`);
  await place.finished;
  assert.match(place.client.written, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhello$/);
  assert.doesNotMatch(place.client.written, /transfer-encoding/i);
});

Deno.test("ServerConnection: a hop that is not in the book gets 403, and no application", async () => {
  for (const request of [get(), "nonsense\r\n\r\n"]) {
    const place = new Http1Place(echo, { isKnown: false });
    const { head, body } = await place.ask(request);
    assert.match(head, /^HTTP\/1\.1 403 [^]*\r\nConnection: close\r\n/);
    assert.equal(body, "This port is not public\n");
    assert.equal(place.exchanges.length, 0);
    assert.equal(place.counters.get("hop_unknown"), 1);
    assert.equal(place.counters.get("requests"), 0);
    await leave(place);
  }
});

Deno.test("ServerConnection: a refused head is answered with its reason, and the connection ends", async () => {
  const place = new Http1Place(echo);
  const { head, body } = await place.ask(post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"));
  assert.match(head, /^HTTP\/1\.1 501 [^]*\r\nConnection: close\r\n/);
  assert.match(body, /^a Transfer-Encoding other than chunked\n$/);
  assert.equal(place.counters.get("request_refused"), 1);
  await place.client.until(({ isWriteClosed }) => isWriteClosed);
  assert.equal(place.inFlight, 0, "lingering is not in flight");
  await leave(place);
});

Deno.test("ServerConnection: a defect is answered with 500, reported, and ends the connection", async () => {
  const defects: (() => Answer | Promise<Answer>)[] = [
    () => {
      throw new Error("the defect");
    },
    () => Promise.reject(new Error("the defect")),
    () => textAnswer("", 200, [["A", "b\r\nX: the defect"]]),
    () => textAnswer("", 199),
    () => textAnswer("", 101),
    () => textAnswer("", 600),
  ];
  for (const handler of defects) {
    const place = new Http1Place(handler);
    const { head } = await place.ask(get());
    assert.match(head, /^HTTP\/1\.1 500 [^]*\r\nConnection: close\r\n/);
    assert.match(place.lines[0], /error Cannot answer request/);
    await place.finished;
    assert.equal(place.inFlight, 0);
  }
});

Deno.test("ServerConnection: a defect closes what was asked for on behalf of the request", async () => {
  let signal: AbortSignal | undefined;
  const place = new Http1Place(async (exchange) => {
    ({ signal } = exchange);
    await Promise.resolve();
    throw new Error("the defect");
  });
  await place.ask(get());
  assert.equal(signal?.aborted, true);
  await place.finished;
});

// ---- limits ----

Deno.test("ServerConnection: nothing at all is waited for as long as for a head", async () => {
  const place = new Http1Place(echo);
  await place.clock.advance(PLACE_TIMEOUTS.headerMs - 1);
  assert.equal(place.client.isClosed, false);
  await place.clock.advance(1);
  await place.finished;
  assert.equal(place.client.written, "");
  assert.equal(place.counters.get("request_timeout"), 1);
});

Deno.test("ServerConnection: a head that drips is refused with 408", async () => {
  const place = new Http1Place(echo);
  place.client.send("GET / HT");
  await place.clock.advance(PLACE_TIMEOUTS.headerMs / 2);
  place.client.send("TP/1.1\r\n");
  await place.clock.advance(PLACE_TIMEOUTS.headerMs / 2);
  await place.finished;
  assert.match(place.client.written, /^HTTP\/1\.1 408 [^]*\r\nConnection: close\r\n/);
});

Deno.test("ServerConnection: between requests the keep-alive limit holds, from a part on the head's", async () => {
  const idle = new Http1Place(echo);
  await idle.ask(get());
  await idle.clock.advance(PLACE_TIMEOUTS.keepAliveMs - 1);
  await idle.ask(get());
  await idle.clock.advance(PLACE_TIMEOUTS.keepAliveMs - 1);
  assert.equal(idle.client.isClosed, false);
  await idle.clock.advance(1);
  await idle.finished;
  assert.equal(idle.client.written, "");
  const dripping = new Http1Place(echo);
  await dripping.ask(get());
  dripping.client.send("G");
  await dripping.clock.advance(PLACE_TIMEOUTS.headerMs);
  await dripping.finished;
  assert.match(dripping.client.written, /^HTTP\/1\.1 408/);
});

Deno.test("ServerConnection: no limit runs while the application works", async () => {
  const { handler, answer } = later();
  const place = new Http1Place(handler);
  place.client.send(get());
  await place.clock.advance(3_600_000);
  answer(textAnswer("at last"));
  assert.equal((await place.takeAnswer()).body, "at last");
  await leave(place);
});

Deno.test("ServerConnection: a client that is silent within a body is given up", async () => {
  const place = new Http1Place(echo);
  place.client.send(post("Content-Length: 9\r\n", "half"));
  await place.clock.advance(CLIENT_BODY_TIMEOUT_MS - 1);
  place.client.send("+");
  await place.clock.advance(CLIENT_BODY_TIMEOUT_MS - 1);
  assert.equal(place.client.isClosed, false);
  await place.clock.advance(1);
  await place.finished;
  assert.equal(place.counters.get("body_timeout"), 1);
  assert.equal(place.exchanges[0].signal.aborted, true);
});

Deno.test("ServerConnection: a client that takes nothing is given up, and the upstream let go", async () => {
  const body = pieces(["first"]);
  const place = new Http1Place(() =>
    Promise.resolve({ status: 200, reason: "", headers: [], body })
  );
  place.client.stall();
  place.client.send(get());
  await place.clock.advance(CLIENT_WRITE_TIMEOUT_MS);
  await place.finished;
  assert.equal(place.exchanges[0].signal.aborted, true);
  assert.equal(body.isCancelled, true);
  assert.equal(place.counters.get("answer_timeout"), 1);
});

// ---- draining ----

Deno.test("ServerConnection: drain ends an idle connection at once", async () => {
  const place = new Http1Place(echo);
  await place.ask(get());
  place.connection.drain();
  await place.finished;
  assert.equal(place.client.isClosed, true);
});

Deno.test("ServerConnection: drain lets a request finish and says that it is the last", async () => {
  const { handler, answer } = later();
  const place = new Http1Place(handler);
  place.client.send(get());
  await settle();
  place.connection.drain();
  answer(textAnswer("late"));
  const { head, body } = await place.takeAnswer();
  assert.match(head, /\r\nConnection: close\r\n/);
  assert.equal(body, "late");
  await place.finished;
});

Deno.test("ServerConnection: drain lets a head that has begun come in", async () => {
  const place = new Http1Place(echo);
  place.client.send("GET /x HTTP/1.1\r\n");
  await settle();
  place.connection.drain();
  assert.equal((await place.ask(`${HOST}\r\n`)).body, "/x ");
  await place.finished;
});
