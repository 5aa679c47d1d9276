import assert from "node:assert/strict";
import http2 from "node:http2";
import { systemClock } from "../../lib/base/clock.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { makeCertificate } from "../support/certificates.ts";
import { withDeadline } from "../support/deadline.ts";
import { LIMIT_MS, LoopbackFixture, until } from "../support/loopback_fixture.ts";

const CERTIFICATE = await makeCertificate({ names: ["app.example.org"] });

type Ask = (headers: Record<string, unknown>, body?: string) => Promise<Http2Answer>;

/** A client of Node over a hop, in one session. */
async function withHttp2(
  use: (ask: Ask, fixture: LoopbackFixture) => Promise<void>,
): Promise<void> {
  await using fixture = new LoopbackFixture({ certificate: CERTIFICATE });
  // The session connects by itself, so the hop is entered when the port is known.
  const session = http2.connect(`https://127.0.0.1:${fixture.server.port}`, {
    rejectUnauthorized: false,
  });
  const connected = Promise.withResolvers<void>();
  session.on("error", connected.reject);
  session.on("connect", () => connected.resolve());
  await withDeadline(connected.promise, LIMIT_MS, () => "the session");
  const key = {
    sourceIp: "127.0.0.1",
    sourcePort: session.socket.localPort!,
    listenerPort: fixture.server.port,
  };
  const closed = new Promise<void>((resolve) => session.on("close", () => resolve()));
  const result = fixture.book.open(key, { ip: "192.0.2.9", port: 9 }, systemClock.monotonic());
  try {
    await use((headers, body) => ask(session, headers, body), fixture);
    await fixture.settle(1);
  } finally {
    session.close();
    await withDeadline(closed, LIMIT_MS, () => "the session's end");
    if (result.kind === "open") fixture.book.close(result.slot, systemClock.monotonic());
  }
}

interface Http2Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

function ask(
  session: http2.ClientHttp2Session,
  headers: Record<string, unknown>,
  body?: string,
): Promise<Http2Answer> {
  const answered = new Promise<Http2Answer>((resolve, reject) => {
    const authority = { ":authority": "app.example.org" };
    const stream = session.request({ ...authority, ...headers } as http2.OutgoingHttpHeaders, {
      endStream: body === undefined,
    });
    let head: Record<string, unknown> = {};
    let text = "";
    stream.on("response", (received) => (head = received));
    stream.on("data", (piece) => (text += piece));
    stream.on("error", reject);
    stream.on("end", () => resolve({ status: Number(head[":status"]), headers: head, body: text }));
    if (body !== undefined) stream.end(body);
  });
  return withDeadline(answered, LIMIT_MS, () => JSON.stringify(headers));
}

Deno.test("openHttpServer: over HTTP/2, exchanges, refusals and counts are the same", async () => {
  await withHttp2(async (ask, fixture) => {
    const { body } = await ask({ ":path": "/a%2Fb//?x", cookie: ["a=1", "b=2"] });
    const exchange: Exchange = JSON.parse(body);
    assert.equal(exchange.target, "/a%2Fb//?x");
    assert.equal(exchange.authority, "app.example.org");
    assert.equal(exchange.scheme, "https");
    assert.equal(exchange.httpVersion, "2");
    assert.deepEqual(exchange.client, { ip: "192.0.2.9", port: 9 });
    // RFC 9113 §8.2.3: crumbs are one field again.
    assert.deepEqual(exchange.headers, [["cookie", "a=1; b=2"]]);
    assert.equal((await ask({ ":method": "POST", ":path": "/body" }, "hello")).body, "hello");
    assert.equal(fixture.counters.get("requests"), 2);
    assert.equal((await ask({ ":path": "/", host: "other.example.org" })).status, 400);
    assert.equal((await ask({ ":path": "/", ":authority": "u@app.example.org" })).status, 400);
    assert.equal(fixture.counters.get("request_refused"), 2);
    assert.equal(fixture.exchanges.length, 2);
  });
});

Deno.test("openHttpServer: over HTTP/2, HEAD never has a body, whoever answers", async () => {
  await withHttp2(async (ask) => {
    const head = (headers: Record<string, unknown>) => ask({ ":method": "HEAD", ...headers });
    assert.equal((await head({ ":path": "/" })).status, 200);
    assert.equal((await head({ ":path": "/length" })).headers["content-length"], "77");
    assert.equal((await head({ ":path": "/", host: "other.example.org" })).status, 400);
    assert.equal((await head({ ":path": "/fail" })).status, 500);
    assert.equal((await ask({ ":path": "/" })).status, 200, "the session goes on");
  });
});

Deno.test("openHttpServer: over HTTP/2, a broken answer resets its stream only", async () => {
  await withHttp2(async (ask) => {
    await assert.rejects(ask({ ":path": "/break" }));
    assert.equal((await ask({ ":path": "/" })).status, 200);
  });
});

Deno.test("openHttpServer: over HTTP/2, shutdown lets what is in flight finish", async () => {
  await withHttp2(async (ask, fixture) => {
    const waiting = ask({ ":path": "/wait" });
    await until(() => fixture.exchanges.length === 1, () => "the exchange");
    const closed = fixture.server.shutdown();
    assert.equal(await Promise.race([closed, Promise.resolve("waits")]), "waits");
    fixture.released.resolve();
    assert.equal((await waiting).body, "late");
    await withDeadline(closed, LIMIT_MS, () => "shutdown");
  });
});

Deno.test("openHttpServer: over HTTP/2, who did not come through the relay gets 403", async () => {
  await using fixture = new LoopbackFixture({ certificate: CERTIFICATE });
  const session = http2.connect(`https://127.0.0.1:${fixture.server.port}`, {
    rejectUnauthorized: false,
  });
  // The server ends the connection.
  session.on("error", () => {});
  const closed = new Promise<void>((resolve) => session.on("close", () => resolve()));
  const { body, status } = await ask(session, { ":path": "/" });
  assert.deepEqual([status, body], [403, "This port is not public\n"]);
  assert.deepEqual([fixture.exchanges.length, fixture.counters.get("hop_unknown")], [0, 1]);
  session.close();
  await withDeadline(closed, LIMIT_MS, () => "the session's end");
});
