/**
 * Flow control (RFC 9113 §5.2, §6.9): how much may be sent, and how much may come. Pure. Input comes
 * from strangers.
 *
 * @module
 */
import { FRAME_PAYLOAD_MAX_BYTES, INT31_MAX } from "./frames.ts";

/** What one side of the connection, or of a stream, may still send. */
export class SendWindow {
  #bytes: number;

  /** @param bytes At the start. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Bytes that may be sent; negative after a setting took some away (§6.9.2). */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts what has been sent. */
  spend(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Opens or, by a setting, closes the window. @returns false if it would be over 2^31-1 (§6.9.1). */
  add(bytes: number): boolean {
    if (this.#bytes + bytes > INT31_MAX) return false;
    this.#bytes += bytes;
    return true;
  }
}

/** How large a window is. */
export interface WindowSize {
  /** At the start. */
  readonly bytes: number;
  /** Doubled up to this. */
  readonly maxBytes: number;
}

/**
 * What the other side may still send. It is told of more when half of the window has been used up, by
 * whoever reads, so that a slow reader slows the sender; or earlier if it has no more left than that. A
 * reader who leaves nothing unread is not slow: its window grows, for else the sender would stand still
 * while it waits to be told.
 */
export class ReceiveWindow {
  readonly #maxBytes: number;
  #sizeBytes: number;
  #bytes: number;
  #usedBytes = 0;

  constructor({ bytes, maxBytes }: WindowSize) {
    this.#sizeBytes = this.#bytes = bytes;
    this.#maxBytes = maxBytes;
  }

  /** How much it lets in at a time. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** What may still come. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether as little may come as has been used: the rest of the window is held by what nobody reads. */
  get #isNarrow(): boolean {
    if (this.#bytes <= 0) return this.#usedBytes > 0;
    return this.#usedBytes >= Math.max(this.#bytes, FRAME_PAYLOAD_MAX_BYTES);
  }

  /** Counts what has come, padding included. @returns false if it is more than was allowed (§6.9). */
  receive(bytes: number): boolean {
    this.#bytes -= bytes;
    return this.#bytes >= 0;
  }

  /**
   * Counts what has been used up.
   *
   * @param mayGrow Whether nothing was left unread.
   * @returns What the other side is to be told with WINDOW_UPDATE; 0 = nothing yet.
   */
  use(bytes: number, mayGrow = false): number {
    this.#usedBytes += bytes;
    if (this.#usedBytes < this.#sizeBytes / 2 && !this.#isNarrow) return 0;
    let increment = this.#usedBytes;
    if (mayGrow && this.#sizeBytes < this.#maxBytes) {
      increment += this.#sizeBytes;
      this.#sizeBytes *= 2;
    }
    this.#usedBytes = 0;
    this.#bytes += increment;
    return increment;
  }
}
