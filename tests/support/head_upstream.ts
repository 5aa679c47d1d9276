/**
 * A server that answers each request with the head it got, so that a test sees what an upstream sees.
 * Loopback, port 0. Whoever starts one disposes of it.
 *
 * @module
 */
import { type BrokenUpstream, startBrokenUpstream } from "./broken_upstream.ts";

/** Starts it. It takes requests without a body only, as many as come on a connection. */
export function startHeadUpstream(): BrokenUpstream {
  return startBrokenUpstream(async (peer) => {
    for (;;) {
      const head = await peer.readHead();
      await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${head.length}\r\n\r\n${head}`);
    }
  });
}

/** Returns the values of a header in a head, in their order. */
export function valuesIn(head: string, name: string): string[] {
  const start = `${name.toLowerCase()}:`;
  return head.split("\r\n").filter((line) => line.toLowerCase().startsWith(start))
    .map((line) => line.slice(start.length).trim());
}
