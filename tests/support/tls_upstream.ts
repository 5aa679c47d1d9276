/**
 * TLS servers for tests of the upstream client: one that answers, and one that only looks at the
 * first bytes. Loopback, port 0.
 *
 * @module
 */
import type { Address } from "../../lib/base/addresses.ts";
import type { TestCertificate } from "./certificates.ts";

const HELLO = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
/** A running server. Disposing of it closes the listener and every connection. */
export interface TlsUpstream extends AsyncDisposable {
  readonly address: Extract<Address, { kind: "tcp" }>;
  /** How many requests have come. */
  readonly requests: number;
  /** Closes every connection. */
  dropAll(): void;
}

/** Answers `hello` to everything, over TLS. */
export function startTlsUpstream(
  certificate: Pick<TestCertificate, "certPem" | "keyPem">,
): TlsUpstream {
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: certificate.certPem,
    key: certificate.keyPem,
    alpnProtocols: ["http/1.1"],
  });
  const connections = new Set<Deno.TlsConn>();
  let requests = 0;
  const serve = async (connection: Deno.TlsConn) => {
    connections.add(connection);
    try {
      const buffer = new Uint8Array(65_536);
      while (await connection.read(buffer) !== null) {
        requests++;
        await connection.write(new TextEncoder().encode(HELLO));
      }
    } catch {
      // The client did not trust us, which is often what the test is about.
    }
    connections.delete(connection);
    close(connection);
  };
  const accepting = (async () => {
    for await (const connection of listener) void serve(connection);
  })();
  return {
    address: { kind: "tcp", hostname: "127.0.0.1", port: (listener.addr as Deno.NetAddr).port },
    get requests() {
      return requests;
    },
    dropAll: () => connections.forEach(close),
    async [Symbol.asyncDispose]() {
      listener.close();
      connections.forEach(close);
      await accepting;
    },
  };
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}

/** Accepts one connection and gives its first bytes to `take`, then closes it. */
export async function takeFirstBytes(
  take: (connection: Deno.TcpConn, bytes: Uint8Array) => Promise<void>,
  send: (port: number) => Promise<unknown>,
): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using connection = await listener.accept();
    const buffer = new Uint8Array(16_384);
    const count = await connection.read(buffer) ?? 0;
    await take(connection, buffer.subarray(0, count));
  })();
  await send(listener.addr.port);
  await serving;
}
