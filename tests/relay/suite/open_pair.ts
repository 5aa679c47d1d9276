/**
 * The start of most tests: a client and a server joined by the engine.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Fixture, hello, type MakeEngine } from "./fixture.ts";
import { type Peer, TestServer } from "./peer.ts";

/** The server name of the only route. */
export const NAME = "app.example";

/** A joined pair. Disposing of it closes all of it. */
export interface OpenPair extends AsyncDisposable {
  readonly fixture: Fixture;
  readonly client: Peer;
  readonly server: Peer;
  readonly testServer: TestServer;
}

/** Connects a client to a server, which has read the hello when this is done. */
export async function openPair(makeEngine: MakeEngine): Promise<OpenPair> {
  const testServer = new TestServer();
  const routes = [{ hosts: [NAME], servers: [testServer.port] }];
  const fixture = new Fixture(makeEngine, { routes });
  const client = await fixture.connect(NAME);
  const server = await testServer.accept();
  assert.deepEqual(await server.read(hello(NAME).length), hello(NAME));
  return {
    fixture,
    client,
    server,
    testServer,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      testServer[Symbol.dispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

/** Sends some bytes each way and checks that they arrive: both directions are open. */
export async function assertOpen(pair: { client: Peer; server: Peer }): Promise<void> {
  for (const [from, to] of [[pair.client, pair.server], [pair.server, pair.client]]) {
    await from.write(Uint8Array.of(1, 2, 3));
    assert.deepEqual(await to.read(3), Uint8Array.of(1, 2, 3));
  }
}
