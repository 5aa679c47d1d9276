/**
 * What HTTP needs of a connection, whichever library made it: `Deno.Conn` has this shape, and
 * `upstream/node_connection.ts` gives it to a socket of `node:tls`. Types only.
 *
 * @module
 */

/** A byte stream in both directions. Whoever dialled it closes it. */
export interface Connection {
  /**
   * Reads at least one byte.
   *
   * @returns How many bytes, or null once the server has ended its side.
   * @throws {Error} If the connection is reset or closed, a pending read included.
   */
  read(buffer: Uint8Array): Promise<number | null>;
  /**
   * Writes some of the bytes, and waits until the connection can take them.
   *
   * @returns How many were written, at least one.
   * @throws {Error} If the connection is reset or closed, a pending write included.
   */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends our side. */
  closeWrite(): Promise<void>;
  /** Ends both sides at once. May be called again. */
  close(): void;
}
