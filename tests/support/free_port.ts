/**
 * Ports for programs that cannot listen on port 0 (nginx, haproxy, Apache), and the wait until they do
 * listen. Our own listeners never need this: they take port 0.
 *
 * @module
 */

/** Above every well-known service. */
const PORT_MIN = 10_000;

/** Below 32,768, where Linux starts to hand out ports for port 0 and for outgoing connections. */
const PORT_MAX = 32_000;

/** Far more than a busy machine needs; a table of sockets that is full ends the search. */
const ATTEMPTS_MAX = 200;

/** A refused connection costs microseconds; programs need tens of milliseconds to start. */
const POLL_MS = 20;

/**
 * Finds a TCP port nobody listens on. It is free, not reserved: the kernel gives out ports of its own
 * choice from another range, so only a second search could take it.
 *
 * @param hostname The loopback address to try. Default `127.0.0.1`.
 * @returns 10000 to 32000.
 * @throws {Error} If no port could be bound.
 */
export function findFreePort(hostname = "127.0.0.1"): number {
  let problem: unknown;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN + 1));
    try {
      Deno.listen({ hostname, port }).close();
      return port;
    } catch (error) {
      problem = error;
    }
  }
  throw new Error(`Cannot find a free port on ${hostname}`, { cause: problem });
}

/**
 * Connects again and again until somebody accepts.
 *
 * @param options `hostname` (default `127.0.0.1`), `timeoutMs` milliseconds (default 10 s), `signal`
 * ends the wait early.
 * @throws {Error} If nobody accepted in time or the signal was aborted.
 */
export async function waitForPort(
  port: number,
  options: { hostname?: string; timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const { hostname = "127.0.0.1", timeoutMs = 10_000, signal } = options;
  const endsAt = performance.now() + timeoutMs;
  while (true) {
    signal?.throwIfAborted();
    try {
      (await Deno.connect({ hostname, port })).close();
      return;
    } catch (error) {
      if (performance.now() > endsAt) {
        throw new Error(`Nobody accepts on ${hostname}:${port} after ${timeoutMs} ms`, {
          cause: error,
        });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
