/**
 * A connection that exists in memory only: it delivers the bytes it was given in the steps it was
 * told, and keeps what is written.
 *
 * @module
 */
import type { Connection } from "../../lib/http/connection.ts";

/** How the server's side behaves. */
export interface ScriptedConnectionOptions {
  /** Latin1 text or bytes that can be read. */
  readonly input?: string | Uint8Array;
  /** The most bytes of one read. Default: all. */
  readonly stepBytes?: number;
  /** What comes after the input. Default `end`. */
  readonly then?: "end" | "error" | "silence";
  /** How many writes the server waits for before its first byte. Default: none. */
  readonly inputAfterWrites?: number;
  /** How many writes the server takes before it refuses more. Default: all. */
  readonly writesTaken?: number;
}

/** A {@linkcode Connection} without a network. */
export class ScriptedConnection implements Connection {
  readonly #input: Uint8Array;
  readonly #stepBytes: number;
  readonly #then: "end" | "error" | "silence";
  readonly #writesTaken: number;
  readonly #inputAfterWrites: number;
  readonly #started = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<never>();
  #at = 0;
  #written: Uint8Array[] = [];
  isClosed = false;

  constructor(options: ScriptedConnectionOptions = {}) {
    const input = options.input ?? "";
    this.#input = typeof input === "string" ? latin1(input) : input;
    this.#stepBytes = options.stepBytes ?? Infinity;
    this.#then = options.then ?? "end";
    this.#writesTaken = options.writesTaken ?? Infinity;
    this.#inputAfterWrites = options.inputAfterWrites ?? 0;
    this.#closed.promise.catch(() => {});
  }

  /** Everything written so far, as latin1 text. */
  get written(): string {
    return this.#written.map((bytes) =>
      Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
    )
      .join("");
  }

  /** How many writes there were. */
  get writes(): number {
    return this.#written.length;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    await Promise.resolve();
    if (this.writes < this.#inputAfterWrites) {
      await Promise.race([this.#started.promise, this.#closed.promise]);
    }
    if (this.isClosed) throw new Error("closed");
    const left = this.#input.length - this.#at;
    if (left === 0) return this.#after();
    const count = Math.min(left, this.#stepBytes, buffer.length);
    buffer.set(this.#input.subarray(this.#at, this.#at + count));
    this.#at += count;
    return count;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.isClosed) return Promise.reject(new Error("closed"));
    if (this.writes >= this.#writesTaken) return Promise.reject(new Error("broken pipe"));
    this.#written.push(bytes.slice());
    if (this.writes >= this.#inputAfterWrites) this.#started.resolve();
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
    this.#closed.reject(new Error("closed"));
  }

  #after(): null | Promise<never> {
    if (this.#then === "end") return null;
    if (this.#then === "error") throw new Error("connection reset");
    return this.#closed.promise;
  }
}

/** Encodes text whose characters are below U+0100. */
export function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}
