import assert from "node:assert/strict";
import type { FailureKind } from "../../../lib/base/failures.ts";
import { decodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import type { Tunnel } from "../../../lib/http/message.ts";
import { type Script, startBrokenUpstream } from "../../support/broken_upstream.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { startExchange } from "../../support/started_exchange.ts";
import {
  failureOf,
  makeClient,
  makeRequest,
  readText,
  serverAt,
  until,
} from "../../support/upstream_requests.ts";

const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n" +
  "Upgrade: websocket\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

const upgrading = () => makeRequest({ upgrade: "websocket" });

async function readFrom({ connection }: Tunnel): Promise<string | null> {
  const buffer = new Uint8Array(1_000);
  const count = await connection.read(buffer);
  return count === null ? null : decodeLatin1(buffer.subarray(0, count));
}

/** Switches and sends back what it gets. */
const echoing: Script = async (peer) => {
  assert.match(await peer.readHead(), /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/);
  await peer.write(`${SWITCHED}first`);
  for (let bytes; (bytes = await peer.read()) !== undefined;) await peer.write(bytes);
};

Deno.test("UpstreamClient: 101 makes a tunnel, which is the taker's from then on", async () => {
  await using upstream = startBrokenUpstream(echoing);
  const client = makeClient();
  const abort = new AbortController();
  const request = makeRequest({ upgrade: "websocket", signal: abort.signal });
  const answer = await client.send(serverAt(upstream.address), request);
  assert.equal(answer.status, 101);
  assert.deepEqual(answer.headers[2], ["Sec-WebSocket-Protocol", "chat"]);
  const tunnel = answer.tunnel ?? assert.fail("no tunnel");
  const initial = decodeLatin1(tunnel.initial);
  assert.deepEqual([client.openConnections, client.idleConnections], [0, 0]);
  abort.abort();
  client.close();
  if (initial === "") assert.equal(await readFrom(tunnel), "first");
  else assert.equal(initial, "first");
  await tunnel.connection.write(new TextEncoder().encode("ping"));
  assert.equal(await readFrom(tunnel), "ping");
  await tunnel.connection.closeWrite();
  assert.equal(await readFrom(tunnel), null);
  tunnel.connection.close();
});

Deno.test("UpstreamClient: a pooled connection can become a tunnel", async () => {
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write("HTTP/1.1 204 No Content\r\n\r\n");
    await echoing(peer);
  });
  using client = makeClient();
  const server = serverAt(upstream.address);
  await client.send(server, makeRequest());
  const { tunnel } = await client.send(server, upgrading());
  assert.equal(upstream.accepted, 1);
  tunnel?.connection.close();
  await until(() => upstream.open === 0, "the server sees the end");
});

Deno.test("UpstreamExchange: what came behind the head of a 101 belongs to the tunnel", async () => {
  for (const stepBytes of [1, 7, Infinity]) {
    const clock = new FakeClock();
    const input = `HTTP/1.1 103 x\r\n\r\n${SWITCHED}\x81\x02hi`;
    const script = { input, stepBytes, then: "silence" } as const;
    const { raw, state, response } = startExchange(script, upgrading(), { clock });
    const { tunnel, body } = await response;
    assert.equal(body, undefined);
    assert.ok(tunnel);
    assert.equal(clock.pending, 0, "nobody watches it any more");
    let bytes = decodeLatin1(tunnel.initial);
    while (bytes.length < 4) bytes += await readFrom(tunnel);
    assert.equal(bytes, "\x81\x02hi");
    await clock.advance(100_000);
    assert.deepEqual([raw.isClosed, state.isReused, clock.pending], [false, false, 0]);
    assert.deepEqual(state.interim, [103]);
  }
});

Deno.test("UpstreamExchange: 101 counts only if it was asked for, to what was asked for", async () => {
  const cases: [name: string, input: string, upgrade: string | undefined, kind: FailureKind][] = [
    ["not asked", SWITCHED, undefined, "upstream_malformed"],
    ["another one", SWITCHED, "x/1", "upstream_malformed"],
    ["none named", "HTTP/1.1 101 x\r\n\r\n", "websocket", "upstream_malformed"],
    ["cut", SWITCHED.slice(0, -2), "websocket", "upstream_closed"],
  ];
  for (const [name, input, upgrade, kind] of cases) {
    const { raw, response } = startExchange({ input }, makeRequest({ upgrade }));
    assert.equal((await failureOf(response)).kind, kind, name);
    assert.equal(raw.isClosed, true, name);
  }
});

Deno.test("UpstreamExchange: any other answer to an upgrade is an ordinary one", async () => {
  for (const status of [200, 403, 426]) {
    const head = `HTTP/1.1 ${status} x\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n`;
    const script = { input: `${head}hello`, then: "silence" } as const;
    const { state, response } = startExchange(script, upgrading());
    const answer = await response;
    assert.deepEqual([answer.status, answer.tunnel], [status, undefined]);
    assert.equal(await readText(answer), "hello");
    assert.equal(state.isReused, true);
  }
});

Deno.test("UpstreamExchange: a client that has left before the 101 has no tunnel", async () => {
  const abort = new AbortController();
  const request = makeRequest({ upgrade: "websocket", signal: abort.signal });
  const { raw, response } = startExchange({ input: SWITCHED, stepBytes: 9 }, request);
  const failure = failureOf(response);
  await Promise.resolve();
  abort.abort();
  assert.equal((await failure).kind, "client_gone");
  assert.equal(raw.isClosed, true);
});
