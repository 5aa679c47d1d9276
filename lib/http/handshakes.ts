/**
 * The TLS handshakes that a terminator is in the middle of, each within a limit, and what was agreed in
 * them to speak. Closes a connection whose handshake does not come to a good end. Does I/O. Input comes
 * from strangers.
 *
 * @module
 */
import type { ServerContext } from "./server_context.ts";

/** What a terminator speaks, in the order of its choice (RFC 7301 §3.2). */
export const ALPN_PROTOCOLS = ["h2", "http/1.1"];

/** What a client agreed to speak; undefined if there is no such client (any more). */
export type AgreedProtocol = "h2" | "http/1.1" | undefined;

/** What a handshake needs of a connection: `Deno.TlsConn` has it. */
export type Handshaking = Pick<Deno.TlsConn, "handshake" | "close">;

/** The handshakes of one listener. Whoever makes one closes it. */
export class Handshakes {
  readonly #context: Pick<ServerContext, "clock" | "environment" | "timeouts">;
  readonly #pending = new Set<Handshaking>();

  constructor(context: Pick<ServerContext, "clock" | "environment" | "timeouts">) {
    this.#context = context;
  }

  /**
   * Waits for the handshake of a connection, up to the limit of a first request head. A client that
   * offers no protocol speaks HTTP/1.1; one that offers others only is refused by the runtime. Never
   * rejects.
   *
   * @returns undefined if the connection has been closed. The runtime holds the socket of one in
   * mid-handshake until its other side ends it, which is the relay here, with limits of its own.
   */
  async finish(connection: Handshaking): Promise<AgreedProtocol> {
    const { clock, environment: { counters }, timeouts } = this.#context;
    this.#pending.add(connection);
    const timer = clock.after(timeouts.headerMs, () => {
      counters.add("request_timeout");
      // Which rejects the handshake.
      closeQuietly(connection);
    });
    try {
      const { alpnProtocol } = await connection.handshake();
      return alpnProtocol === "h2" ? "h2" : "http/1.1";
    } catch {
      // A stranger's doing, or closed here: nobody wants to know more.
      closeQuietly(connection);
      return undefined;
    } finally {
      timer.cancel();
      this.#pending.delete(connection);
    }
  }

  /** Closes every connection that is not through. */
  close(): void {
    for (const connection of this.#pending) closeQuietly(connection);
  }
}

function closeQuietly(connection: Handshaking): void {
  try {
    connection.close();
  } catch {
    // It is closed already, which is all that is wanted.
  }
}
