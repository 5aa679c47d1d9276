/**
 * How connections end: half-closed, closed, reset, at every stage.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ConnectionEnd } from "../../../lib/relay/relay_engine.ts";
import { Fixture, hello, LATENESS_MS, LIMITS, type MakeEngine, until } from "./fixture.ts";
import { assertOpen, NAME, openPair } from "./open_pair.ts";
import { RESET, TestServer } from "./peer.ts";
import { ResettingPeer, ResettingServer } from "./resetting_peer.ts";
import { SilentServer } from "./silent_server.ts";

const ANSWER = new TextEncoder().encode("an answer");

/** Registers the tests. */
export function endsTests(name: string, makeEngine: MakeEngine): void {
  Deno.test(`${name} half_close: a client that ends first still gets its answer`, async () => {
    await using pair = await openPair(makeEngine);
    const { client, server, fixture } = pair;
    await client.end();
    assert.equal((await server.readToEnd()).length, 0);
    assert.equal(fixture.engine.open, 1);
    await server.write(ANSWER);
    await server.end();
    assert.deepEqual(await client.readToEnd(), ANSWER);
    assert.equal((await fixture.recorded()).end, "closed");
  });

  Deno.test(`${name} half_close: a server that ends first still gets the rest`, async () => {
    await using pair = await openPair(makeEngine);
    const { client, server, fixture } = pair;
    await server.write(ANSWER);
    await server.end();
    assert.deepEqual(await client.readToEnd(), ANSWER);
    await client.write(ANSWER);
    await client.end();
    assert.deepEqual(await server.readToEnd(), ANSWER);
    assert.equal((await fixture.recorded()).end, "closed");
  });

  Deno.test(`${name} half_close: a client that ends right after its hello gets its answer`, async () => {
    using testServer = new TestServer();
    const routes = [{ hosts: [NAME], servers: [testServer.port] }];
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect(NAME);
    await client.end();
    const server = await testServer.accept();
    assert.deepEqual(await server.readToEnd(), hello(NAME));
    await server.write(ANSWER);
    await server.end();
    assert.deepEqual(await client.readToEnd(), ANSWER);
  });

  Deno.test(`${name} last_words: a server that has closed does not care for what still comes`, async () => {
    await using pair = await openPair(makeEngine);
    const { client, server, fixture } = pair;
    await server.write(ANSWER);
    server[Symbol.dispose]();
    assert.deepEqual(await client.readToEnd(), ANSWER);
    // As TLS does: the close_notify of a client answers that of its server, which has gone.
    await client.write(ANSWER);
    await client.write(ANSWER);
    await client.end();
    assert.equal((await fixture.recorded()).end, "closed");
  });

  Deno.test(`${name} early_answer: arrives although the server resets the rest of the upload`, async () => {
    await using pair = await openPair(makeEngine);
    const { client, server } = pair;
    await client.write(new Uint8Array(1000));
    await server.connection.read(new Uint8Array(1));
    await server.write(new Uint8Array(100_000).fill(5));
    server[Symbol.dispose](); // With 999 bytes unread: a reset.
    const answer = await client.readToEnd();
    assert.ok(answer !== RESET && answer.length === 100_000, `got ${answer.length}`);
  });

  resetTests(name, makeEngine);
}

const MIB = 1024 * 1024;

function resetTests(name: string, makeEngine: MakeEngine): void {
  const early: [string, Uint8Array][] = [
    ["before its hello", new Uint8Array()],
    ["within its hello", hello(NAME).subarray(0, 60)],
  ];
  for (const [stage, bytes] of early) {
    Deno.test(`${name} client_reset: ${stage} is recorded as having left`, async () => {
      await using fixture = new Fixture(makeEngine, { routes: [{ hosts: [NAME] }] });
      using client = await ResettingPeer.connect(fixture.httpsPort);
      if (bytes.length > 0) await client.write(bytes);
      await until(() => fixture.engine.open === 1, () => "the connection");
      client.reset();
      assert.equal((await fixture.recorded()).end, "client_left");
    });
  }

  Deno.test(`${name} client_reset: before it is accepted does not hold up the others`, async () => {
    await using pair = await openPair(makeEngine);
    resetInQueue(pair.fixture.httpsPort);
    using client = await pair.fixture.connect(NAME);
    const server = await pair.testServer.accept();
    await server.read(hello(NAME).length);
    await assertOpen({ client, server });
  });

  Deno.test(`${name} client_reset: while a server is connected to leaves nothing behind`, async () => {
    using full = await SilentServer.listen();
    const routes = [{ hosts: [NAME], servers: [full.port] }];
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await ResettingPeer.connect(fixture.httpsPort);
    await client.write(hello(NAME));
    await until(() => fixture.dials === 1, () => "the attempt to connect");
    client.reset();
    await fixture.clock.advance(LIMITS.connect + LATENESS_MS);
    // An engine may notice at once, but need not.
    assert.match(
      (await fixture.recorded()).end,
      /^(client_left|client_reset|upstream_unreachable)$/,
    );
  });

  Deno.test(`${name} client_reset: within a transfer ends the server's stream`, async () => {
    using testServer = new TestServer();
    const routes = [{ hosts: [NAME], servers: [testServer.port] }];
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await ResettingPeer.connect(fixture.httpsPort);
    await client.write(hello(NAME));
    const server = await testServer.accept();
    await server.read(hello(NAME).length);
    client.reset();
    await server.readToEnd();
    assert.equal((await fixture.recorded()).end, "client_reset");
  });

  // Bytes that nobody takes stand before the client's end: only a write to it tells, or the kernel.
  const fillings = name === "splice" ? ["both directions", "its upload"] : ["both directions"];
  for (const filling of fillings) {
    Deno.test(`${name} client_reset: with ${filling} full lets the server go`, async () => {
      using testServer = new TestServer();
      const routes = [{ hosts: [NAME], servers: [testServer.port] }];
      await using fixture = new Fixture(makeEngine, { routes });
      using client = await ResettingPeer.connect(fixture.httpsPort);
      await client.write(hello(NAME));
      using server = await testServer.accept();
      client.send(new Uint8Array(64 * MIB));
      if (filling === "both directions") server.write(new Uint8Array(64 * MIB)).catch(() => {});
      await client.untilBlocked();
      client.reset();
      assert.equal((await fixture.recorded()).end, "client_reset");
    });
  }

  const stages: [string, boolean, ConnectionEnd][] = [
    ["right after the hello", false, "upstream_reset"],
    ["within a transfer", true, "upstream_reset"],
  ];
  for (const [stage, afterBytes, end] of stages) {
    Deno.test(`${name} server_reset: ${stage} ends the client's stream`, async () => {
      await using testServer = await ResettingServer.listen();
      const routes = [{ hosts: [NAME], servers: [testServer.port] }];
      await using fixture = new Fixture(makeEngine, { routes });
      const accepting = testServer.accept();
      using client = await fixture.connect(NAME);
      const server = await accepting;
      await server.read(hello(NAME).length);
      if (afterBytes) {
        await server.write(ANSWER);
        assert.deepEqual(await client.read(ANSWER.length), ANSWER);
      }
      server.reset();
      const rest = await client.readToEnd();
      assert.equal(rest === RESET ? 0 : rest.length, 0);
      assert.equal((await fixture.recorded()).end, end);
    });
  }

  Deno.test(`${name} server_reset: while the client is writing ends the client's stream`, async () => {
    await using testServer = await ResettingServer.listen();
    const routes = [{ hosts: [NAME], servers: [testServer.port] }];
    await using fixture = new Fixture(makeEngine, { routes });
    const accepting = testServer.accept();
    using client = await fixture.connect(NAME);
    const server = await accepting;
    await server.read(hello(NAME).length);
    const chunk = new Uint8Array(64 * 1024);
    const writing = (async () => {
      for (;;) await client.write(chunk);
    })();
    server.reset();
    await assert.rejects(writing);
    assert.match((await fixture.recorded()).end, /^(upstream_reset|closed)$/);
  });

  Deno.test(`${name} both_ends: a pair that is used and closed again and again stays whole`, async () => {
    using testServer = new TestServer();
    const routes = [{ hosts: [NAME], servers: [testServer.port] }];
    await using fixture = new Fixture(makeEngine, { routes });
    for (let turn = 0; turn < 20; turn++) {
      using client = await fixture.connect(NAME);
      const server = await testServer.accept();
      await server.read(hello(NAME).length);
      await assertOpen({ client, server });
      server[Symbol.dispose]();
      client[Symbol.dispose]();
      await fixture.recorded(turn + 1);
    }
  });
}

/** Connects and resets, from another process, while this one can accept nothing. */
function resetInQueue(port: number): void {
  const program = `
    const { connect } = await import("node:net");
    for (let turn = 0; turn < 3; turn++) {
      const socket = connect({ host: "127.0.0.1", port: ${port} });
      await new Promise((resolve) => socket.once("connect", resolve));
      socket.resetAndDestroy();
    }`;
  const { success } = new Deno.Command(Deno.execPath(), { args: ["eval", program] }).outputSync();
  assert.ok(success);
}
