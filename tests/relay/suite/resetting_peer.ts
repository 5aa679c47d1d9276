/**
 * Peers that end a connection by a reset, which `Deno.Conn` cannot do: it always ends its stream
 * first.
 *
 * @module
 */
import { type AddressInfo, connect, createServer, type Server, Socket } from "node:net";
import { once } from "node:events";
import { withDeadline } from "../../support/deadline.ts";
import { PATIENCE_MS } from "./peer.ts";

/** A connection of which nothing was taken for so many turns is blocked. */
const STILL_TURNS = 25;

/** Pause between them. */
const TURN_MS = 10;

/** A connection that can be reset. */
export class ResettingPeer implements Disposable {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    // The other side may be gone first; a test looks at what the relay makes of it, not at this.
    socket.on("error", () => {});
  }

  /** Connects to a port of 127.0.0.1. */
  static async connect(port: number): Promise<ResettingPeer> {
    const socket = connect({ host: "127.0.0.1", port });
    const peer = new ResettingPeer(socket);
    await withDeadline(once(socket, "connect"), PATIENCE_MS, () => "a connection");
    return peer;
  }

  /** Writes every byte. */
  async write(bytes: Uint8Array): Promise<void> {
    const written = Promise.withResolvers<void>();
    this.#socket.write(bytes, () => written.resolve());
    await withDeadline(written.promise, PATIENCE_MS, () => `${bytes.length} bytes to be written`);
  }

  /** Writes bytes, and does not wait for that. */
  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Waits until nothing more of what was sent is taken. */
  async untilBlocked(): Promise<void> {
    let left = this.#socket.writableLength;
    for (let still = 0; still < STILL_TURNS; still++) {
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
      if (this.#socket.writableLength < left) still = 0;
      left = this.#socket.writableLength;
    }
  }

  /** Reads until `count` bytes have come. */
  async read(count: number): Promise<void> {
    const read = Promise.withResolvers<void>();
    let left = count;
    this.#socket.on("data", (piece: Uint8Array) => {
      left -= piece.length;
      if (left <= 0) read.resolve();
    });
    await withDeadline(read.promise, PATIENCE_MS, () => `${count} bytes`);
  }

  /** Sends a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** A server whose connections can be reset. */
export class ResettingServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #accepted: ResettingPeer[] = [];
  readonly #waiting: ((peer: ResettingPeer) => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      const peer = new ResettingPeer(socket);
      this.#accepted.push(peer);
      this.#waiting.shift()?.(peer);
    });
  }

  /** Listens on 127.0.0.1. */
  static async listen(): Promise<ResettingServer> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ResettingServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Waits for the next connection. Call it before the connection is made. */
  async accept(): Promise<ResettingPeer> {
    const accepted = Promise.withResolvers<ResettingPeer>();
    this.#waiting.push(accepted.resolve);
    return await withDeadline(accepted.promise, PATIENCE_MS, () => "a connection");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#accepted.forEach((peer) => peer[Symbol.dispose]());
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    await closed.promise;
  }
}
