/**
 * Two connected sockets, for tests of the parts of the portable engine.
 *
 * @module
 */

/** Both sides of one connection. */
export interface SocketPair extends Disposable {
  /** What the part under test is given. */
  readonly inner: Deno.TcpConn;
  /** What the test holds. */
  readonly outer: Deno.TcpConn;
}

/** Connects over 127.0.0.1. */
export async function openSocketPair(): Promise<SocketPair> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  const outer = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const inner = await accepting;
  listener.close();
  return {
    inner,
    outer,
    [Symbol.dispose]() {
      for (const connection of [inner, outer]) {
        try {
          connection.close();
        } catch {
          // Closed by the part under test, or by the test.
        }
      }
    },
  };
}

/** Says whether a connection has been closed on this side. */
export function isClosed(connection: Deno.TcpConn): boolean {
  try {
    connection.setNoDelay();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.BadResource) return true;
    throw error;
  }
}
