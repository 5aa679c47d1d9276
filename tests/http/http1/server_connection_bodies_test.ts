import assert from "node:assert/strict";
import {
  REQUEST_DRAIN_MAX_BYTES,
  REQUEST_LINGER_MAX_BYTES,
  REQUEST_LINGER_MS,
} from "../../../lib/base/limits.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import { readText } from "../../support/exchanges.ts";
import {
  echo,
  get,
  HOST,
  Http1Place,
  leave,
  pieces,
  post,
  settle,
  textAnswer,
} from "../../support/http1_place.ts";

Deno.test("ServerConnection: a small rest of a body is read for nobody, and the connection lives", async () => {
  for (const bytes of [5, REQUEST_DRAIN_MAX_BYTES]) {
    const place = new Http1Place(() => textAnswer("early", 413));
    const { head } = await place.ask(post(`Content-Length: ${bytes}\r\n`));
    assert.doesNotMatch(head, /Connection/);
    place.client.send("x".repeat(bytes) + get());
    assert.equal((await place.takeAnswer()).body, "early");
    await leave(place);
  }
});

const IN_THE_WAY: readonly [name: string, headers: string][] = [
  ["a large rest", `Content-Length: ${REQUEST_DRAIN_MAX_BYTES + 1}\r\n`],
  ["chunks, whose end only the client knows", "Transfer-Encoding: chunked\r\n"],
];
for (const [name, headers] of IN_THE_WAY) {
  Deno.test(`ServerConnection: an early answer before ${name} says close, and the client may read it`, async () => {
    const place = new Http1Place(() => textAnswer("early", 413));
    const { head, body } = await place.ask(post(headers));
    assert.match(head, /^HTTP\/1\.1 413 [^]*\r\nConnection: close\r\n/);
    assert.equal(body, "early");
    await place.client.until(({ isWriteClosed }) => isWriteClosed);
    place.client.send("x".repeat(100_000));
    await settle();
    assert.equal(place.client.isClosed, false, "what is sent meanwhile is taken");
    assert.equal(place.exchanges.length, 1, "and is no request");
    await leave(place);
  });
}

Deno.test("ServerConnection: lingering ends by time, and by bytes", async () => {
  const slow = new Http1Place(() => textAnswer("early"));
  await slow.ask(post("Content-Length: 1000000\r\n"));
  await slow.clock.advance(REQUEST_LINGER_MS - 1);
  assert.equal(slow.client.isClosed, false);
  await slow.clock.advance(1);
  await slow.finished;
  const fast = new Http1Place(() => textAnswer("early"));
  await fast.ask(post("Content-Length: 100000000\r\n"));
  const mebibyte = new Uint8Array(1_048_576);
  for (let bytes = 0; bytes < REQUEST_LINGER_MAX_BYTES; bytes += mebibyte.length) {
    fast.client.send(mebibyte);
  }
  await fast.finished;
});

Deno.test("ServerConnection: a small rest that does not come ends the connection after a while", async () => {
  const place = new Http1Place(() => textAnswer("early"));
  await place.ask(post("Content-Length: 5\r\n", "one"));
  await place.clock.advance(REQUEST_LINGER_MS);
  await place.finished;
  assert.equal(place.inFlight, 0);
});

Deno.test("ServerConnection: a body that was given up half-read is read to its end for nobody", async () => {
  const place = new Http1Place(async ({ body }) => {
    await body!.read(new Uint8Array(2));
    body!.cancel();
    return textAnswer("enough");
  });
  assert.equal((await place.ask(post("Content-Length: 6\r\n", "abcdef"))).body, "enough");
  assert.equal((await place.ask(post("Content-Length: 6\r\n", "ghijkl"))).body, "enough");
  await leave(place);
});

Deno.test("ServerConnection: an answer that comes while the body is read is written meanwhile", async () => {
  const reads: string[] = [];
  const place = new Http1Place(({ body }) => {
    void readText({ body: body! }).then(
      (text) => reads.push(text),
      (error) => reads.push(`${error}`),
    );
    return Promise.resolve(textAnswer("early", 413));
  });
  place.client.send(post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n"));
  assert.match((await place.takeAnswer()).head, /^HTTP\/1\.1 413/);
  await leave(place);
  await settle();
  assert.equal(reads.length, 1, "and the reader is told");
});

// RFC 9110 §10.1.1, in all four orders.
const EXPECT = "Expect: 100-continue\r\nContent-Length: 5\r\n";

Deno.test("ServerConnection: Expect, the client waits and the application reads: 100, then the answer", async () => {
  const place = new Http1Place(echo);
  place.client.send(post(EXPECT));
  assert.equal(await place.client.take("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  assert.equal((await place.ask("hello")).body, "/ hello");
  await leave(place);
});

Deno.test("ServerConnection: Expect, the client waits and the application does not read: no 100, and the end", async () => {
  const place = new Http1Place(() => textAnswer("no", 413));
  const { head } = await place.ask(post(EXPECT));
  assert.match(head, /^HTTP\/1\.1 413 [^]*\r\nConnection: close\r\n/);
  await leave(place);
});

Deno.test("ServerConnection: Expect, the client sends at once and the application reads: no 100 needed", async () => {
  const place = new Http1Place(echo);
  const { head, body } = await place.ask(post(EXPECT, "hello"));
  assert.match(head, /^HTTP\/1\.1 200/);
  assert.equal(body, "/ hello");
  await leave(place);
});

Deno.test("ServerConnection: Expect, the client sends at once and the application does not read: the end", async () => {
  const place = new Http1Place(() => textAnswer("no", 413));
  const { head } = await place.ask(post(EXPECT, "hello"));
  assert.match(head, /^HTTP\/1\.1 413 [^]*\r\nConnection: close\r\n/);
  await leave(place);
  assert.equal(place.exchanges.length, 1);
});

Deno.test("ServerConnection: interim responses before the answer, none after it and none over HTTP/1.0", async () => {
  const handler = (exchange: Exchange) => {
    exchange.sendInterim(103, [["Link", "</a>"]]);
    return Promise.resolve(textAnswer("done"));
  };
  const place = new Http1Place(handler);
  place.client.send(get());
  assert.equal(
    await place.client.take("\r\n\r\n"),
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
  );
  await place.takeAnswer();
  place.exchanges[0].sendInterim(103, []);
  await settle();
  assert.equal(place.client.written, "");
  await leave(place);
  const old = new Http1Place(handler);
  assert.match((await old.ask(`GET / HTTP/1.0\r\n${HOST}\r\n`)).head, /^HTTP\/1\.1 200/);
  await leave(old);
});

Deno.test("ServerConnection: a body that breaks off cuts the connection without a last chunk", async () => {
  const place = new Http1Place(() => ({
    status: 200,
    reason: "",
    headers: [],
    body: pieces(["half", new Error("upstream died")]),
  }));
  place.client.send(get() + get());
  await place.finished;
  assert.match(place.client.written, /4\r\nhalf\r\n$/);
  assert.equal(place.client.isWriteClosed, false, "it does not look like an end");
  assert.equal(place.exchanges.length, 1);
});

Deno.test("ServerConnection: Expect, a body that is read only behind the answer's head has no 100 within it", async () => {
  const reading = Promise.withResolvers<void>();
  const place = new Http1Place(({ body }) => {
    const part = reading.promise.then(() => void body!.read(new Uint8Array(1)).catch(() => {}));
    return { status: 200, reason: "", headers: [], body: pieces(["first", part, "last"]) };
  });
  place.client.send(post(EXPECT));
  await place.client.take("first\r\n");
  reading.resolve();
  assert.equal(await place.client.take("0\r\n\r\n"), "4\r\nlast\r\n0\r\n\r\n");
  await leave(place);
});
