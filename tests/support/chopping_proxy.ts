/**
 * A TCP proxy that passes what a client sends on in segments of one byte, as the worst of networks
 * would. Loopback, port 0. Whoever starts one disposes of it. Does I/O.
 *
 * @module
 */
import type { TcpAddress } from "../../lib/base/addresses.ts";

/** A running proxy. */
export interface ChoppingProxy extends AsyncDisposable {
  readonly address: TcpAddress;
}

/** @param chopBytes How many bytes of each connection are chopped; what follows passes as it comes. */
export function startChoppingProxy(to: TcpAddress, chopBytes: number): ChoppingProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const client of listener) connections.push(serve(client, to, chopBytes));
  })();
  return {
    address: { kind: "tcp", hostname: "127.0.0.1", port: listener.addr.port },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(connections);
    },
  };
}

async function serve(client: Deno.TcpConn, to: TcpAddress, chopBytes: number): Promise<void> {
  using _client = client;
  using server = await Deno.connect({ hostname: to.hostname, port: to.port });
  server.setNoDelay();
  const copies = [copyUp(client, server, chopBytes), copy(server, client)];
  // A side that is cut ends its copy; closing both ends the other one.
  await Promise.allSettled(copies);
}

async function copyUp(client: Deno.TcpConn, server: Deno.TcpConn, chopBytes: number) {
  const buffer = new Uint8Array(65_536);
  let left = chopBytes;
  for (let count = await client.read(buffer); count !== null; count = await client.read(buffer)) {
    const chopped = Math.min(left, count);
    for (let at = 0; at < chopped; at++) {
      await server.write(buffer.subarray(at, at + 1));
      // So that it leaves, and is read, before the next one comes.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    left -= chopped;
    for (let at = chopped; at < count;) at += await server.write(buffer.subarray(at, count));
  }
  await server.closeWrite();
}

async function copy(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
  }
  await to.closeWrite();
}
