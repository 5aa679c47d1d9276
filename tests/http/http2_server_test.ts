import assert from "node:assert/strict";
import http2 from "node:http2";
import { systemClock } from "../../lib/base/clock.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { makeCertificate } from "../support/certificates.ts";
import { withDeadline } from "../support/deadline.ts";
import { LIMIT_MS, LoopbackFixture } from "../support/loopback_fixture.ts";

const CERTIFICATE = await makeCertificate({ names: ["app.example.org"] });

/** An HTTP/2 session over a hop. */
async function withHttp2(
  fixture: LoopbackFixture,
  use: (
    ask: (headers: Record<string, unknown>, body?: string) => Promise<Http2Answer>,
  ) => Promise<void>,
): Promise<void> {
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
  const result = fixture.book.open(key, { ip: "192.0.2.9", port: 9 }, systemClock.monotonic());
  try {
    await use((headers, body) => ask(session, headers, body));
  } finally {
    const closed = new Promise<void>((resolve) => session.on("close", () => resolve()));
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

Deno.test("openHttp2Server: exchanges, refusals and counts are the same", async () => {
  await using fixture = new LoopbackFixture({ certificate: CERTIFICATE, version: "2" });
  await withHttp2(fixture, async (ask) => {
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
    assert.equal((await ask({ ":path": "/", host: "other.example.org" })).status, 400);
    assert.equal((await ask({ ":path": "/", ":authority": "u@app.example.org" })).status, 400);
    await fixture.settle(1);
  });
});

Deno.test("openHttp2Server: HEAD never has a body, whoever answers", async () => {
  await using fixture = new LoopbackFixture({ certificate: CERTIFICATE, version: "2" });
  await withHttp2(fixture, async (ask) => {
    const head = (headers: Record<string, unknown>) => ask({ ":method": "HEAD", ...headers });
    assert.equal((await head({ ":path": "/" })).status, 200);
    assert.equal((await head({ ":path": "/length" })).headers["content-length"], "77");
    assert.equal((await head({ ":path": "/", host: "other.example.org" })).status, 400);
    assert.equal((await head({ ":path": "/fail" })).status, 500);
    assert.equal((await ask({ ":path": "/" })).status, 200, "the session goes on");
    await fixture.settle(1);
  });
});

Deno.test("openHttp2Server: a broken answer resets its stream only", async () => {
  await using fixture = new LoopbackFixture({ certificate: CERTIFICATE, version: "2" });
  await withHttp2(fixture, async (ask) => {
    await assert.rejects(ask({ ":path": "/break" }));
    assert.equal((await ask({ ":path": "/" })).status, 200);
    await fixture.settle(1);
  });
});

Deno.test("openHttp2Server: another listener follows when descriptors ran out", async () => {
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: [
      "-c",
      'ulimit -n 96; exec "$0" run --quiet --allow-net "$1"',
      Deno.execPath(),
      new URL("./http2_server_exhausted.ts", import.meta.url).pathname,
    ],
  }).output();
  const output = new TextDecoder().decode(stdout).trim().split("\n");
  assert.deepEqual(output, ["failed", "answered 200"], new TextDecoder().decode(stderr));
});
