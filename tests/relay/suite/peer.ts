/**
 * One side of a connection as a test plays it: reads that say what they miss, writes, half-close.
 * Whoever makes a peer disposes of it.
 *
 * @module
 */
import { withDeadline } from "../../support/deadline.ts";

/** How long a test waits for bytes or a connection that must come, in milliseconds. */
export const PATIENCE_MS = 30_000;

/** What a reset, or a cut stream, looks like when it is read. */
export const RESET = "reset";

/** A connection in the hands of a test. */
export class Peer implements Disposable {
  readonly connection: Deno.Conn;
  #unread: Uint8Array = new Uint8Array();

  constructor(connection: Deno.Conn) {
    this.connection = connection;
    // Nagle would join the single bytes that some tests send.
    if ("setNoDelay" in connection) (connection as Deno.TcpConn).setNoDelay();
  }

  /** Connects to a port of 127.0.0.1. */
  static async connect(port: number, hostname = "127.0.0.1"): Promise<Peer> {
    return new Peer(await Deno.connect({ hostname, port }));
  }

  /** Writes every byte. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.connection.write(bytes.subarray(sent));
    }
  }

  /** Reads `count` bytes. @throws {Error} If the stream ends before. */
  async read(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      const piece = await this.#piece(`byte ${filled} of ${count}`);
      if (piece === null) throw new Error(`Ended after ${filled} of ${count} bytes`);
      const taken = piece.subarray(0, count - filled);
      bytes.set(taken, filled);
      filled += taken.length;
      this.#unread = piece.slice(taken.length);
    }
    return bytes;
  }

  /** Puts bytes back, to be read next. */
  unread(bytes: Uint8Array): void {
    this.#unread = joinBytes([bytes, this.#unread]);
  }

  /** Reads until the stream ends, or to {@linkcode RESET}. */
  async readToEnd(): Promise<Uint8Array | typeof RESET> {
    const pieces: Uint8Array[] = [];
    try {
      for (let piece = await this.#piece("end"); piece !== null; piece = await this.#piece("end")) {
        pieces.push(piece);
        this.#unread = new Uint8Array();
      }
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return RESET;
      throw error;
    }
    return joinBytes(pieces);
  }

  /** Ends the writing side; reading goes on. */
  async end(): Promise<void> {
    await this.connection.closeWrite();
  }

  [Symbol.dispose](): void {
    try {
      this.connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // Closed by the test itself.
    }
  }

  async #piece(awaited: string): Promise<Uint8Array | null> {
    if (this.#unread.length > 0) return this.#unread;
    const buffer = new Uint8Array(64 * 1024);
    const count = await withDeadline(this.connection.read(buffer), PATIENCE_MS, () => awaited);
    return count === null ? null : buffer.subarray(0, count);
  }
}

/** A server that accepts when it is told to. */
export class TestServer implements Disposable {
  readonly listener: Deno.Listener;
  readonly #accepted: Peer[] = [];

  constructor(listener: Deno.Listener = Deno.listen({ hostname: "127.0.0.1", port: 0 })) {
    this.listener = listener;
  }

  /** Of a TCP server. */
  get port(): number {
    return (this.listener.addr as Deno.NetAddr).port;
  }

  /** Takes the next connection, which is disposed of with the server. */
  async accept(): Promise<Peer> {
    const accepting = this.listener.accept();
    const peer = new Peer(await withDeadline(accepting, PATIENCE_MS, () => "a connection"));
    this.#accepted.push(peer);
    return peer;
  }

  [Symbol.dispose](): void {
    this.#accepted.forEach((peer) => peer[Symbol.dispose]());
    try {
      this.listener.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // Closed by the test itself.
    }
  }
}

/** Puts pieces together. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
