import assert from "node:assert/strict";
import type { Connection } from "../../../lib/http/connection.ts";
import { dialTls } from "../../../lib/http/upstream/tls_dial.ts";
import { makeCertificate } from "../../support/certificates.ts";
import { withDeadline } from "../../support/deadline.ts";

const certificate = await makeCertificate({ names: ["app.test"] });
const encode = (text: string) => new TextEncoder().encode(text);

/** Gives both ends of a TLS connection over loopback to `use`. */
async function withConnection(
  use: (connection: Connection, server: Deno.TlsConn) => Promise<void>,
): Promise<void> {
  using listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: certificate.certPem,
    key: certificate.keyPem,
  });
  const { port } = listener.addr as Deno.NetAddr;
  const accepting = listener.accept();
  const connecting = dialTls({ kind: "tcp", hostname: "127.0.0.1", port }, { kind: "nothing" }, {
    serverName: "app.test",
    signal: new AbortController().signal,
  });
  using server = await accepting;
  await server.handshake();
  const connection = await connecting;
  try {
    // The deadline's timer also keeps the process alive: a read of `node:tls` alone does not.
    await withDeadline(use(connection, server), 5_000, () => "the test");
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
