/**
 * A server that cannot be connected to and does not refuse either: its queue is full, so the kernel
 * drops whoever knocks. The stand-in for a host that is down.
 *
 * @module
 */

/**
 * A connection that has not come about after so many turns of the event loop, which do nothing else,
 * never will: the kernel decides it at once. A stretch of time could pass in a single turn.
 */
const NEVER_TURNS = 25;

/** Pause between them. */
const TURN_MS = 10;

/** Connections that may fit into a queue of 1; Linux takes one or two more. */
const FILL_MAX = 10;

/** A listening socket with a full queue, until {@linkcode SilentServer.wake}. */
export class SilentServer implements Disposable {
  readonly #listener: Deno.TcpListener;
  readonly #filling: Deno.TcpConn[] = [];

  private constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
  }

  /** Listens on 127.0.0.1 and fills the queue. */
  static async listen(): Promise<SilentServer> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
    const server = new SilentServer(listener);
    await server.#fill();
    return server;
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #fill(): Promise<void> {
    for (let turn = 0; turn < FILL_MAX; turn++) {
      const timeout = new AbortController();
      const turns = abortAfterTurns(timeout);
      try {
        const { port } = this;
        const options = { hostname: "127.0.0.1", port, signal: timeout.signal };
        this.#filling.push(await Deno.connect(options));
      } catch (error) {
        if (timeout.signal.aborted) return; // Full.
        throw error;
      } finally {
        clearInterval(turns);
      }
    }
    throw new Error(`Queue of a listener takes more than ${FILL_MAX} connections`);
  }

  /** Empties the queue; who still knocks is let in, by the kernel's next try. */
  async wake(): Promise<Deno.TcpConn> {
    for (const _ of this.#filling) (await this.#listener.accept()).close();
    return await this.#listener.accept();
  }

  [Symbol.dispose](): void {
    this.#filling.forEach((connection) => connection.close());
    this.#listener.close();
  }
}

/** @returns The timer that counts the turns. */
function abortAfterTurns(controller: AbortController): ReturnType<typeof setInterval> {
  let turns = 0;
  return setInterval(() => {
    if (++turns >= NEVER_TURNS) controller.abort();
  }, TURN_MS);
}
