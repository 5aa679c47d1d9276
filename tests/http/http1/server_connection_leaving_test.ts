import assert from "node:assert/strict";
import type { Answer } from "../../../lib/http/message.ts";
import { readText } from "../../support/exchanges.ts";
import {
  echo,
  get,
  Http1Place,
  later,
  leave,
  pieces,
  post,
  settle,
  textAnswer,
} from "../../support/http1_place.ts";
import { PLACE_TIMEOUTS } from "../../support/place_context.ts";
import { MemoryConnection } from "../../support/memory_connection.ts";

for (const how of ["end", "reset"] as const) {
  Deno.test(`ServerConnection: ${how} while the answer is waited for aborts, and nothing is written`, async () => {
    const { handler, answer } = later();
    const place = new Http1Place(handler);
    place.client.send(get());
    await settle();
    place.client[how]();
    await settle();
    assert.equal(place.exchanges[0].signal.aborted, true);
    const body = pieces([]);
    answer({ status: 200, reason: "", headers: [], body });
    await place.finished;
    assert.equal(place.client.written, "");
    assert.equal(body.isCancelled, true, "the upstream is let go");
    assert.equal(place.inFlight, 0);
  });

  Deno.test(`ServerConnection: ${how} within a body fails its reader and aborts`, async () => {
    const place = new Http1Place(echo);
    place.client.send(post("Content-Length: 9\r\n", "half"));
    await settle();
    place.client[how]();
    await place.finished;
    assert.equal(place.exchanges[0].signal.aborted, true);
    assert.equal(place.inFlight, 0);
  });

  Deno.test(`ServerConnection: ${how} while a body is streamed gives the body up`, async () => {
    const waiting = Promise.withResolvers<void>();
    const body = pieces(["first", waiting.promise]);
    const place = new Http1Place(() =>
      Promise.resolve({ status: 200, reason: "", headers: [], body })
    );
    place.client.send(get());
    await place.client.take("first\r\n");
    place.client[how]();
    await settle();
    assert.equal(place.exchanges[0].signal.aborted, true);
    assert.equal(body.isCancelled, true);
    waiting.reject(new Error("given up"));
    await place.finished;
  });
}

Deno.test("ServerConnection: a body that is not read does not hide that the client leaves", async () => {
  const { handler, answer } = later();
  const place = new Http1Place(handler);
  place.client.send(post("Content-Length: 1000\r\n", "some"));
  await settle();
  place.client.end();
  await settle();
  assert.equal(place.exchanges[0].signal.aborted, true);
  answer(textAnswer("late"));
  await place.finished;
});

Deno.test("ServerConnection: after a body was read, leaving is noticed again", async () => {
  const { handler, answer } = later();
  const place = new Http1Place(async ({ body }) => {
    await readText({ body: body! });
    return await handler();
  });
  place.client.send(post("Content-Length: 2\r\n", "hi"));
  await settle();
  place.client.end();
  await settle();
  assert.equal(place.exchanges[0].signal.aborted, true);
  answer(textAnswer("late"));
  await place.finished;
});

// ---- upgrades ----

const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

function switching(server: MemoryConnection, initial = ""): Answer {
  return {
    status: 101,
    reason: "",
    headers: [["Upgrade", "websocket"], ["Connection", "Upgrade"], ["Sec-WebSocket-Accept", "x"]],
    body: undefined,
    tunnel: { connection: server, initial: new TextEncoder().encode(initial) },
  };
}

Deno.test("ServerConnection: an upgrade joins both sides, what came early included", async () => {
  const server = new MemoryConnection();
  const place = new Http1Place(() => Promise.resolve(switching(server, "server first ")));
  place.client.send(`${get("/ws", UPGRADE)}client first `);
  assert.match(
    await place.client.take("\r\n\r\n"),
    /^HTTP\/1\.1 101 [^]*\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n$/,
  );
  assert.equal(place.exchanges[0].upgrade, "websocket");
  assert.equal(place.isTunnel, true);
  server.send("then");
  place.client.send("then");
  assert.equal(await place.client.take("then"), "server first then");
  assert.equal(await server.take("then"), "client first then");
  assert.equal(place.inFlight, 1, "a tunnel is in flight");
  assert.equal(place.counters.get("tunnels"), 1);
  await place.clock.advance(PLACE_TIMEOUTS.keepAliveMs);
  assert.equal(place.client.isClosed, false, "no limit of requests holds");
  server.end();
  await place.client.until(({ isWriteClosed }) => isWriteClosed);
  await leave(place);
  assert.equal(server.isClosed, true);
  assert.equal(place.exchanges[0].signal.aborted, false);
});

Deno.test("ServerConnection: a refused upgrade is an answer like any other", async () => {
  const place = new Http1Place(() => Promise.resolve(textAnswer("no", 403)));
  assert.equal((await place.ask(get("/ws", UPGRADE))).body, "no");
  assert.equal((await place.ask(get("/"))).body, "no");
  await leave(place);
});

Deno.test("ServerConnection: 101 that nobody asked for is a defect, and its connection is closed", async () => {
  const server = new MemoryConnection();
  const place = new Http1Place(() => switching(server));
  assert.match((await place.ask(get())).head, /^HTTP\/1\.1 500/);
  assert.equal(server.isClosed, true);
  await place.finished;
});

Deno.test("ServerConnection: a client that leaves before the 101 closes the server's connection", async () => {
  const { handler, answer } = later();
  const server = new MemoryConnection();
  const place = new Http1Place(handler);
  place.client.send(get("/ws", UPGRADE));
  await settle();
  place.client.end();
  await settle();
  answer(switching(server));
  await place.finished;
  assert.equal(server.isClosed, true);
});
