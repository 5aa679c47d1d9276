/**
 * A connection as a stream of `node:stream`, for `node:tls` to speak through. It is read from only while
 * whoever reads the plaintext waits for more: the library takes all that comes and keeps it in memory,
 * whether or not anybody reads. Destroying it closes the connection. Does I/O.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { UPSTREAM_TLS_READ_BYTES } from "../../base/limits.ts";
import type { Connection } from "../connection.ts";

/** The gate is open at first: a handshake needs no reader. */
export class GatedStream extends Duplex {
  readonly #connection: Connection;
  readonly #buffer = new Uint8Array(UPSTREAM_TLS_READ_BYTES);
  #isOpen = true;
  /** The library can take more. */
  #isWanted = false;
  #isReading = false;
  #failure: Error | undefined;

  /** @param connection Is the stream's from now on. */
  constructor(connection: Connection) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
    // An error that nobody listens for would end the process; whoever reads asks for `failure`.
    this.on("error", () => {});
  }

  /** Why reading has failed: the library tells a reset and an orderly end alike. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Lets bytes through: somebody waits for them. */
  openGate(): void {
    this.#isOpen = true;
    this.#pump();
  }

  /** Lets nothing through but what is being read already. */
  shutGate(): void {
    this.#isOpen = false;
  }

  override _read(): void {
    this.#isWanted = true;
    this.#pump();
  }

  override _write(
    bytes: Uint8Array,
    _encoding: string,
    callback: (error?: Error | null) => void,
  ): void {
    this.#writeAll(bytes).then(() => callback(), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#connection.closeWrite().then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    try {
      this.#connection.close();
    } catch {
      // The runtime had closed it, which is all that is wanted.
    }
    callback(error);
  }

  #pump(): void {
    if (!this.#isOpen || !this.#isWanted || this.#isReading || this.destroyed) return;
    this.#isWanted = false;
    this.#isReading = true;
    this.#connection.read(this.#buffer).then(
      (count) => {
        this.#isReading = false;
        this.push(count === null ? null : Buffer.from(this.#buffer.subarray(0, count)));
      },
      (error) => {
        this.#isReading = false;
        this.#failure = error;
        this.destroy(error);
      },
    );
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }
}
