/**
 * A connection that exists in memory only, and its other end, which a test holds: it sends when it
 * likes, sees what was written, and may refuse to take more.
 *
 * @module
 */
import type { Connection } from "../../lib/http/connection.ts";
import { decodeLatin1, encodeLatin1 } from "../../lib/http/http1/latin1.ts";
import { withDeadline } from "./deadline.ts";

/** Milliseconds that any wait of a test may take. */
const LIMIT_MS = 20_000;

/** The end that is under test. */
export class MemoryConnection implements Connection {
  readonly #incoming: Uint8Array[] = [];
  #isEnded = false;
  #isReset = false;
  #isStalled = false;
  #wake: (() => void)[] = [];
  #written = "";
  /** How many writes there were. */
  writes = 0;
  /** How many reads there were. */
  reads = 0;
  isClosed = false;
  isWriteClosed = false;
  /** Takes what is written, which is then not kept as text. The bytes are a view. */
  onWritten: ((bytes: Uint8Array) => void) | undefined;
  /** The most bytes that one write takes. */
  writeMaxBytes = Infinity;

  async read(buffer: Uint8Array): Promise<number | null> {
    this.reads++;
    for (;;) {
      if (this.isClosed || this.#isReset) throw new Error("reset");
      const piece = this.#incoming[0];
      if (piece !== undefined) {
        const count = Math.min(piece.length, buffer.length);
        buffer.set(piece.subarray(0, count));
        if (count === piece.length) this.#incoming.shift();
        else this.#incoming[0] = piece.subarray(count);
        return count;
      }
      if (this.#isEnded) return null;
      await this.#change();
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    while (this.#isStalled && !this.isClosed && !this.#isReset) await this.#change();
    if (this.isClosed || this.#isReset || this.isWriteClosed) throw new Error("broken pipe");
    this.writes++;
    const taken = bytes.subarray(0, this.writeMaxBytes);
    if (this.onWritten !== undefined) this.onWritten(taken);
    else this.#written += decodeLatin1(taken);
    this.#notify();
    return taken.length;
  }

  closeWrite(): Promise<void> {
    this.isWriteClosed = true;
    this.#notify();
    return Promise.resolve();
  }

  close(): void {
    if (this.isClosed) throw new Error("closed twice");
    this.isClosed = true;
    this.#notify();
  }

  /** Sends from the other end. @param data Latin1 text or bytes. */
  send(data: string | Uint8Array): void {
    this.#incoming.push(typeof data === "string" ? encodeLatin1(data) : data);
    this.#notify();
  }

  /** Bytes that were sent and not read yet. */
  get unreadBytes(): number {
    return this.#incoming.reduce((bytes, piece) => bytes + piece.length, 0);
  }

  /** Ends the other end's side. */
  end(): void {
    this.#isEnded = true;
    this.#notify();
  }

  /** Breaks the connection off. */
  reset(): void {
    this.#isReset = true;
    this.#notify();
  }

  /** Takes no more bytes, or takes them again. */
  stall(isStalled = true): void {
    this.#isStalled = isStalled;
    this.#notify();
  }

  /** All that was written so far, as latin1 text. */
  get written(): string {
    return this.#written;
  }

  /** Waits until this connection is in the state that is asked for. */
  async until(holds: (connection: this) => boolean): Promise<void> {
    const waiting = (async () => {
      while (!holds(this)) await this.#change();
    })();
    await withDeadline(waiting, LIMIT_MS, () => JSON.stringify(this.#written.slice(-500)));
  }

  /** Waits for text and takes it off, with all before it. @returns What was taken. */
  async take(end: string | number): Promise<string> {
    const length = () => {
      if (typeof end === "number") return this.#written.length >= end ? end : 0;
      const at = this.#written.indexOf(end);
      return at < 0 ? 0 : at + end.length;
    };
    await this.until(() => length() > 0);
    const text = this.#written.slice(0, length());
    this.#written = this.#written.slice(text.length);
    return text;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
