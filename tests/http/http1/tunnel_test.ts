import assert from "node:assert/strict";
import {
  RELAY_BUFFER_BYTES,
  RELAY_SMALL_BUFFER_BYTES,
  UPGRADED_IDLE_TIMEOUT_MS,
} from "../../../lib/base/limits.ts";
import { encodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import { joinTunnel } from "../../../lib/http/http1/tunnel.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { MemoryConnection } from "../../support/memory_connection.ts";
import { Random } from "../../support/random.ts";

const SEED = 20_261_121;

function open(initial: { readonly client?: string; readonly server?: string } = {}) {
  const clock = new FakeClock();
  const client = new MemoryConnection();
  const server = new MemoryConnection();
  const finished = joinTunnel(
    { connection: client, initial: [Promise.resolve(encodeLatin1(initial.client ?? ""))] },
    { connection: server, initial: [encodeLatin1(initial.server ?? "")] },
    clock,
  );
  return { clock, client, server, finished };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("joinTunnel: what was read before comes first, both ways", async () => {
  const { client, server, finished } = open({ client: "frame 1 ", server: "hello " });
  client.send("frame 2");
  server.send("world");
  assert.equal(await server.take("frame 2"), "frame 1 frame 2");
  assert.equal(await client.take("world"), "hello world");
  client.end();
  server.end();
  assert.equal(await finished, "ended");
});

Deno.test("joinTunnel: an end is passed on and the other direction goes on", async () => {
  const { client, server, finished } = open();
  client.send("last words");
  client.end();
  await server.take("last words");
  await server.until(({ isWriteClosed }) => isWriteClosed);
  server.send("and an answer");
  await client.take("and an answer");
  assert.deepEqual([client.isClosed, server.isClosed], [false, false]);
  server.end();
  assert.equal(await finished, "ended");
  assert.deepEqual([client.isClosed, server.isClosed], [true, true]);
});

for (const side of ["client", "server"] as const) {
  Deno.test(`joinTunnel: a reset by the ${side} ends both`, async () => {
    const tunnel = open();
    tunnel.client.send("x");
    await tunnel.server.take("x");
    tunnel[side].reset();
    assert.equal(await tunnel.finished, "broken");
    assert.deepEqual([tunnel.client.isClosed, tunnel.server.isClosed], [true, true]);
    assert.equal(tunnel.clock.pending, 0, "no timer is left");
  });

  Deno.test(`joinTunnel: a ${side} that takes nothing holds the other back`, async () => {
    const tunnel = open();
    const other = side === "client" ? tunnel.server : tunnel.client;
    tunnel[side].stall();
    for (let index = 0; index < 100; index++) other.send("x".repeat(10_000));
    await settle();
    assert.equal(other.reads, 1, "one buffer is read and no more");
    tunnel[side].stall(false);
    assert.equal((await tunnel[side].take(1_000_000)).length, 1_000_000);
    tunnel.client.end();
    tunnel.server.end();
    await tunnel.finished;
  });
}

Deno.test("joinTunnel: silence for an hour ends it, a byte either way begins the hour anew", async () => {
  const { clock, client, server, finished } = open();
  await clock.advance(UPGRADED_IDLE_TIMEOUT_MS - 1);
  server.send("ping");
  await client.take("ping");
  await clock.advance(UPGRADED_IDLE_TIMEOUT_MS - 1);
  client.send("pong");
  await server.take("pong");
  await clock.advance(UPGRADED_IDLE_TIMEOUT_MS - 1);
  assert.equal(client.isClosed, false);
  await clock.advance(1);
  assert.equal(await finished, "idle");
  assert.equal(clock.pending, 0);
});

Deno.test(`joinTunnel: equal bytes at sizes around the buffers (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  for (const bufferBytes of [RELAY_SMALL_BUFFER_BYTES, RELAY_BUFFER_BYTES]) {
    for (const more of [-1, 0, 1]) {
      const { client, server, finished } = open();
      const up = random.bytes(bufferBytes + more);
      const down = random.bytes(bufferBytes + more);
      for (let round = 0; round < 3; round++) {
        client.send(up);
        server.send(down);
        assert.deepEqual(encodeLatin1(await server.take(up.length)), up);
        assert.deepEqual(encodeLatin1(await client.take(down.length)), down);
      }
      client.end();
      server.end();
      await finished;
    }
  }
});

Deno.test("joinTunnel: a round trip is two reads and two writes", async () => {
  const { client, server, finished } = open();
  client.send("x".repeat(100));
  await server.take(100);
  server.send("y".repeat(100));
  await client.take(100);
  await settle();
  assert.deepEqual([client.reads, server.reads, client.writes, server.writes], [2, 2, 1, 1]);
  client.end();
  server.end();
  await finished;
});
