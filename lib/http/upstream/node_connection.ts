/**
 * Gives a socket of `node:tls` the shape of a {@linkcode Connection}, with back-pressure in both
 * directions: nothing is read ahead but the rest of what came with the last bytes, and a write waits
 * until the bytes have been taken. Closing it destroys the socket. Does I/O.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Connection } from "../connection.ts";
import type { GatedStream } from "./gated_stream.ts";

/** A connected socket as a {@linkcode Connection}. At most one read at a time. */
export class NodeConnection implements Connection {
  readonly #socket: Socket;
  readonly #stream: GatedStream;
  #error: Error | undefined;
  #hasEnded = false;
  #wake: (() => void) | undefined;

  /**
   * @param socket Connected; nobody else listens for its data from now on.
   * @param stream What the socket speaks through.
   */
  constructor(socket: Socket, stream: GatedStream) {
    this.#socket = socket;
    this.#stream = stream;
    stream.shutGate();
    socket.on("error", (error) => {
      this.#error ??= error;
      this.#wake?.();
    });
    socket.on("end", () => {
      this.#hasEnded = true;
      this.#wake?.();
    });
    socket.on("close", () => {
      this.#error ??= new Error("connection closed");
      this.#wake?.();
    });
    socket.on("readable", () => this.#wake?.());
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      // Reading nothing makes the socket look for more, and emit `end` once all is taken.
      if (this.#socket.readableLength === 0) this.#socket.read(0);
      const count = Math.min(this.#socket.readableLength, buffer.length);
      if (count > 0) {
        this.#stream.shutGate();
        buffer.set(this.#socket.read(count) as Uint8Array);
        return count;
      }
      if (this.#stream.failure !== undefined) throw this.#stream.failure;
      if (this.#hasEnded) return null;
      if (this.#error !== undefined) throw this.#error;
      this.#stream.openGate();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error);
      this.#socket.write(bytes, (error) => {
        if (error) reject(error);
        else resolve(bytes.length);
      });
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error);
      // The library's types forget that it says why it could not.
      this.#socket.end((error?: Error) => error ? reject(error) : resolve());
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#stream.destroy();
  }
}
