/**
 * A client that says what it likes, byte by byte, over TCP or TLS. Every wait has a limit. Whoever
 * opens one disposes of it. Does I/O.
 *
 * @module
 */
import type { TcpAddress } from "../../lib/base/addresses.ts";
import { withDeadline } from "./deadline.ts";

/** Milliseconds for a wait that says nothing else. */
const TIMEOUT_MS = 20_000;

/** Connects over TCP. */
export async function openTcp(to: TcpAddress): Promise<RawClient> {
  const connection = await Deno.connect({ hostname: to.hostname, port: to.port });
  connection.setNoDelay();
  return new RawClient(connection);
}

/**
 * Connects over TLS.
 *
 * @throws {Error} If the handshake fails.
 */
export async function openTls(
  to: TcpAddress,
  options: { serverName: string; caPem: string; alpn?: readonly string[] },
): Promise<RawClient> {
  const tcp = await Deno.connect({ hostname: to.hostname, port: to.port });
  tcp.setNoDelay();
  const tls = await Deno.startTls(tcp, {
    hostname: options.serverName,
    caCerts: [options.caPem],
    alpnProtocols: [...options.alpn ?? []],
  });
  await withDeadline(tls.handshake(), TIMEOUT_MS, () => `handshake with ${options.serverName}`);
  return new RawClient(tls);
}

/** What a client got until the other side ended or cut the connection. */
export interface RawEnd {
  readonly bytes: Uint8Array;
  /** The same as latin1 text. */
  readonly text: string;
  /** `end` in good order; `reset` otherwise, a TLS end without close_notify included. */
  readonly how: "end" | "reset";
  /** Milliseconds from the call until then. */
  readonly afterMs: number;
}

/** An open connection. */
export class RawClient implements Disposable {
  readonly connection: Deno.Conn;
  #kept: Uint8Array = new Uint8Array();

  constructor(connection: Deno.Conn) {
    this.connection = connection;
  }

  /** Writes latin1 text or bytes. @throws {Error} If the other side has cut the connection. */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? fromLatin1(data) : data;
    for (let at = 0; at < bytes.length;) at += await this.connection.write(bytes.subarray(at));
  }

  /** Ends this side only. */
  async end(): Promise<void> {
    await this.connection.closeWrite();
  }

  /** Reads up to and with the first `mark`. @throws {Error} If the stream ends or time is over first. */
  async readUntil(mark: string, timeoutMs = TIMEOUT_MS): Promise<string> {
    return await withDeadline(this.#readUntil(mark), timeoutMs, () => `${JSON.stringify(mark)}`);
  }

  /** Reads until the other side ends. @throws {Error} If it does not within `timeoutMs`. */
  async readToEnd(timeoutMs = TIMEOUT_MS): Promise<RawEnd> {
    return await withDeadline(this.#readToEnd(), timeoutMs, () => "the end of the connection");
  }

  /** Closes both ways. */
  [Symbol.dispose](): void {
    try {
      this.connection.close();
    } catch {
      // The test has closed it.
    }
  }

  async #readUntil(mark: string): Promise<string> {
    for (;;) {
      const at = toLatin1(this.#kept).indexOf(mark);
      if (at >= 0) {
        const text = toLatin1(this.#kept.subarray(0, at + mark.length));
        this.#kept = this.#kept.subarray(at + mark.length);
        return text;
      }
      const piece = await this.#read();
      if (piece === undefined) throw new Error(`ended before ${JSON.stringify(mark)}`);
      this.#kept = concat([this.#kept, piece]);
    }
  }

  async #readToEnd(): Promise<RawEnd> {
    const startedAt = performance.now();
    const pieces = [this.#kept];
    let how: RawEnd["how"] = "end";
    try {
      for (let piece = await this.#read(); piece !== undefined; piece = await this.#read()) {
        pieces.push(piece);
      }
    } catch {
      how = "reset";
    }
    const bytes = concat(pieces);
    return { bytes, text: toLatin1(bytes), how, afterMs: performance.now() - startedAt };
  }

  async #read(): Promise<Uint8Array | undefined> {
    const buffer = new Uint8Array(65_536);
    const count = await this.connection.read(buffer);
    return count === null ? undefined : buffer.subarray(0, count);
  }
}

function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function toLatin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
