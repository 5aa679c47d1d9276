/**
 * A program: the servers behind offloaded hosts that nginx cannot play. `upload` reads a whole body and
 * answers with its length; `websocket` switches protocols for every request and then sends each byte
 * back, since a proxy looks at no frame. Prints `ready {"upload":1,"websocket":2}` and runs until it is
 * ended.
 *
 * @module
 */
import { writeWhole } from "./wire.ts";

/** Holds what one round trip brings, and the head of a request before it. */
const ECHO_BYTES = 4 * 1024;

/** RFC 6455 §1.3. */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const CRLF2 = "\r\n\r\n";

if (import.meta.main) {
  console.log(`ready ${JSON.stringify({ upload: listenUpload(), websocket: listenWebsocket() })}`);
}

function listenUpload(): number {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, async ({ body }) => {
    let byteCount = 0;
    for await (const chunk of body ?? []) byteCount += chunk.length;
    return new Response(`${byteCount}\n`);
  });
  return server.addr.port;
}

function listenWebsocket(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const connection of listener) void serveWebsocket(connection);
  })();
  return listener.addr.port;
}

async function serveWebsocket(connection: Deno.TcpConn): Promise<void> {
  connection.setNoDelay();
  try {
    const { head, rest } = await readHead(connection);
    await writeWhole(connection, new TextEncoder().encode(await switchProtocols(head)));
    await writeWhole(connection, rest);
    await echo(connection);
  } catch {
    // A proxy that looks whether the port is open, or a client that broke off: the client reports it.
  }
  connection.close();
}

async function readHead(connection: Deno.Conn): Promise<{ head: string; rest: Uint8Array }> {
  const bytes = new Uint8Array(ECHO_BYTES);
  for (let length = 0;;) {
    const count = await connection.read(bytes.subarray(length));
    if (count === null || count === 0) throw new Error("No whole head came");
    length += count;
    const text = new TextDecoder("latin1").decode(bytes.subarray(0, length));
    const end = text.indexOf(CRLF2) + CRLF2.length;
    if (end >= CRLF2.length) return { head: text, rest: bytes.subarray(end, length) };
  }
}

async function switchProtocols(head: string): Promise<string> {
  const key = /^sec-websocket-key: *(\S+)/mi.exec(head)?.[1] ?? "";
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + ACCEPT_SUFFIX));
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${new Uint8Array(digest).toBase64()}`,
    CRLF2,
  ].join("\r\n").slice(0, -2);
}

async function echo(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(ECHO_BYTES);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return;
    await writeWhole(connection, buffer.subarray(0, count));
  }
}
