import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { Connection } from "../../../lib/http/connection.ts";
import { startTls } from "../../../lib/http/upstream/start_tls.ts";
import { makeCertificate } from "../../support/certificates.ts";
import { withDeadline } from "../../support/deadline.ts";

const certificate = await makeCertificate({ names: ["app.test"] });
const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));
const encode = (text: string) => new TextEncoder().encode(text);

/** A connection that counts what is read of it, and can be made to fail. */
class Below implements Connection {
  readonly #connection: Connection;
  readBytes = 0;
  isBroken = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    const count = await this.#connection.read(buffer);
    if (this.isBroken) throw new Error("connection reset");
    this.readBytes += count ?? 0;
    return count;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#connection.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  close(): void {
    this.#connection.close();
  }
}

/** Gives both ends of a TLS connection over loopback to `use`, and what the first speaks through. */
async function withConnection(
  use: (connection: Connection, server: Deno.TlsConn, below: Below) => Promise<void>,
): Promise<void> {
  using listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: certificate.certPem,
    key: certificate.keyPem,
  });
  const { port } = listener.addr as Deno.NetAddr;
  const accepting = listener.accept();
  const raw = await Deno.connect({ hostname: "127.0.0.1", port });
  const below = new Below(raw);
  const connecting = startTls(below, { kind: "nothing" }, {
    serverName: "app.test",
    signal: new AbortController().signal,
  });
  using server = await accepting;
  await server.handshake();
  const connection = await connecting;
  try {
    // The deadline's timer also keeps the process alive: a read of `node:tls` alone does not.
    await withDeadline(use(connection, server, below), 30_000, () => "the test");
  } finally {
    connection.close();
  }
}

async function readText(from: { read(buffer: Uint8Array): Promise<number | null> }) {
  const buffer = new Uint8Array(100);
  const count = await from.read(buffer);
  return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count));
}

Deno.test("NodeConnection: each side can end before the other, and in either order", async () => {
  await withConnection(async (connection, server) => {
    await server.write(encode("bye"));
    await server.closeWrite();
    assert.equal(await readText(connection), "bye");
    assert.equal(await readText(connection), null);
    await connection.write(encode("more"));
    assert.equal(await readText(server), "more");
    await connection.closeWrite();
    assert.equal(await readText(server), null);
  });
  await withConnection(async (connection, server) => {
    await connection.closeWrite();
    assert.equal(await readText(server), null);
    await server.write(encode("more"));
    assert.equal(await readText(connection), "more");
    await server.closeWrite();
    assert.equal(await readText(connection), null);
  });
});

Deno.test("NodeConnection: what comes in pieces is read in pieces of the reader's size", async () => {
  await withConnection(async (connection, server) => {
    const data = crypto.getRandomValues(new Uint8Array(50_000));
    const writing = (async () => {
      for (let at = 0; at < data.length;) at += await server.write(data.subarray(at));
      await server.closeWrite();
    })();
    const all: number[] = [];
    const buffer = new Uint8Array(777);
    for (let count; (count = await connection.read(buffer)) !== null;) {
      assert.ok(count > 0);
      all.push(...buffer.subarray(0, count));
    }
    await writing;
    assert.deepEqual(Uint8Array.from(all), data);
  });
});

Deno.test("NodeConnection: what nobody reads is not taken from the server", async () => {
  await withConnection(async (connection, server, below) => {
    const piece = new Uint8Array(65_536);
    const total = 1_024 * piece.length;
    const writing = (async () => {
      for (let at = 0; at < total;) at += await server.write(piece);
    })();
    const buffer = new Uint8Array(1_000);
    let received = await connection.read(buffer) ?? 0;
    // A library that read on by itself would have all of it within these turns.
    for (let turn = 0; turn < 2_000; turn++) await nextTurn();
    assert.ok(below.readBytes < 1_000_000, `${below.readBytes} bytes`);
    while (received < total) received += await connection.read(piece) ?? assert.fail("ended");
    await writing;
  });
});

Deno.test("NodeConnection: a reset is no end", async () => {
  await withConnection(async (connection, server, below) => {
    await server.write(encode("half"));
    assert.equal(await readText(connection), "half");
    below.isBroken = true;
    await server.write(encode("more"));
    await assert.rejects(connection.read(new Uint8Array(9)), /reset/);
    await assert.rejects(connection.read(new Uint8Array(9)), /reset/);
  });
});

Deno.test("NodeConnection: closing it ends a read, a write and an end that wait", async () => {
  await withConnection(async (connection) => {
    const reading = connection.read(new Uint8Array(1));
    // Nobody reads: the sockets fill, and the rest waits.
    const writing = connection.write(new Uint8Array(32 * 1024 * 1024));
    const ending = connection.closeWrite();
    const settled = Promise.all(
      [reading, writing, ending].map((work) => work.then(() => "done", () => "failed")),
    );
    setTimeout(() => connection.close(), 20);
    assert.deepEqual(await settled, ["failed", "failed", "failed"]);
    await assert.rejects(connection.write(encode("x")));
    await assert.rejects(connection.closeWrite());
    await assert.rejects(connection.read(new Uint8Array(1)));
  });
});
