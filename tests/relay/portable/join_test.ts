import assert from "node:assert/strict";
import { RELAY_SMALL_BUFFER_BYTES } from "../../../lib/base/limits.ts";
import { join, type JoinOptions } from "../../../lib/relay/portable/join.ts";
import { EndlessConnection } from "../../support/endless_connection.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { Peer } from "../suite/peer.ts";
import { isClosed, openSocketPair } from "./pipes.ts";

/** Is read a few bytes from, then nothing; takes writes when it is told to. */
class SlowConnection {
  isClosed = false;
  /** Bytes written to it. */
  taken = 0;
  #unread: number;
  readonly #refusal: Error | undefined;
  readonly #writable = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<never>();

  /** @param refusal What every write fails with. */
  constructor(unread: number, refusal?: Error) {
    this.#unread = unread;
    this.#refusal = refusal;
  }

  /** With the few methods that a join uses. */
  get asConnection(): Deno.Conn {
    return this as unknown as Deno.Conn;
  }

  async read(): Promise<number> {
    const count = this.#unread;
    this.#unread = 0;
    return count > 0 ? count : await this.#closed.promise;
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#refusal !== undefined) throw this.#refusal;
    await Promise.race([this.#writable.promise, this.#closed.promise]);
    this.taken += bytes.length;
    return bytes.length;
  }

  takeWrites(): void {
    this.#writable.resolve();
  }

  close(): void {
    this.isClosed = true;
    this.#closed.reject(new Deno.errors.Interrupted());
  }
}

function makeOptions(idleTimeoutMs: number): JoinOptions & { clock: FakeClock } {
  const transfer = { bytesUp: 0, bytesDown: 0, lastByteAt: 0 };
  return { clock: new FakeClock(), transfer, idleTimeoutMs };
}

Deno.test("join: closes both, counts both ways and leaves no timer", async () => {
  using client = await openSocketPair();
  using upstream = await openSocketPair();
  const options = makeOptions(1_000);
  const joined = join(client.inner, upstream.inner, options);
  await new Peer(client.outer).write(new Uint8Array(RELAY_SMALL_BUFFER_BYTES + 1));
  await new Peer(upstream.outer).write(new Uint8Array(3));
  await client.outer.closeWrite();
  await upstream.outer.closeWrite();
  assert.equal(await joined, "closed");
  assert.equal(options.transfer.bytesUp, RELAY_SMALL_BUFFER_BYTES + 1);
  assert.equal(options.transfer.bytesDown, 3);
  assert.ok(!isClosed(client.inner) && !isClosed(upstream.inner), "their owner closes them");
  assert.equal(options.clock.pending, 0);
});

Deno.test("join: without an idle limit sets no timer", async () => {
  using client = await openSocketPair();
  using upstream = await openSocketPair();
  const options = makeOptions(Infinity);
  const joined = join(client.inner, upstream.inner, options);
  assert.equal(options.clock.pending, 0);
  client.outer.close();
  upstream.outer.close();
  assert.equal(await joined, "closed");
});

Deno.test("join: bytes that are written late count as movement", async () => {
  const client = new SlowConnection(10);
  const upstream = new SlowConnection(0);
  const options = makeOptions(1_000);
  const joined = join(client.asConnection, upstream.asConnection, options);
  await options.clock.advance(900);
  assert.equal(options.transfer.bytesUp, 10);
  upstream.takeWrites();
  await options.clock.advance(900);
  assert.ok(!client.isClosed, "closed although bytes were written 0.9 s ago");
  await options.clock.advance(100);
  assert.equal(await joined, "idle_timeout");
});

Deno.test("join: what a server has said still arrives when it takes no more", async () => {
  const client = new SlowConnection(10);
  const server = new SlowConnection(7, new Deno.errors.ConnectionReset());
  const options = makeOptions(1_000);
  const joined = join(client.asConnection, server.asConnection, options);
  await options.clock.advance(500);
  assert.ok(!client.isClosed, "closed before the answer was written");
  client.takeWrites();
  await options.clock.advance(0);
  assert.equal(client.taken, 7);
  server.close();
  assert.equal(await joined, "upstream_reset");
});

Deno.test("join: of connections that are closed already ends at once", async () => {
  using client = await openSocketPair();
  using upstream = await openSocketPair();
  client.inner.close();
  upstream.inner.close();
  assert.match(await join(client.inner, upstream.inner, makeOptions(1_000)), /reset$/);
});

Deno.test("join: a side that sends without a pause lets others have their turn", async () => {
  const client = new EndlessConnection(new Uint8Array(64));
  const upstream = new EndlessConnection(new Uint8Array(64));
  const joining = join(
    client as unknown as Deno.Conn,
    upstream as unknown as Deno.Conn,
    {
      clock: new FakeClock(),
      transfer: { bytesUp: 0, bytesDown: 0, lastByteAt: 0 },
      idleTimeoutMs: Infinity,
    },
  );
  await client.checkTurns();
  upstream.close();
  await joining;
});
